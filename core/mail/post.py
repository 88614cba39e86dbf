"""Sends letters over one connection, and knows of each what became of it.

Up to the server's `354` nothing has been sent, whatever happens. From the message's first byte to
the server's last reply nobody can know whether it has it; so before the first byte the letter is
claimed, and a letter that is claimed and has no reply is *unknown*.
"""

import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from django.utils.translation import gettext as _

from core.mail.letter import Letter
from core.mail.outcome import Outcome
from core.mail.server import LAST_REPLY, REPLY, Away, Server, said

OK, START, CLOSING, PERMANENT = range(200, 300), 354, 421, range(500, 600)
BROKEN = 3
"""Connections in a row that broke off, after which the server counts as away."""
_DOTS = re.compile(rb"(?m)^\.")


@dataclass(frozen=True)
class Verdict:
    """What became of one letter."""

    outcome: Outcome
    """`WAITING` where it can be tried again."""
    reason: str = ""
    """What the server said, or what has happened."""
    claimed: bool = False
    """Whether the letter was claimed; what is not was certainly not sent."""


TAKEN = Verdict(Outcome.SENDING)
"""Somebody else has claimed the letter."""


class _Refused(Exception):
    def __init__(self, code: int, text: bytes) -> None:
        super().__init__(said(code, text))
        self.code = code

    def verdict(self, *, claimed: bool = False) -> Verdict:
        outcome = Outcome.FAILED if self.code in PERMANENT else Outcome.WAITING
        return Verdict(outcome, str(self), claimed)


class Post:
    """One connection for a batch of letters, opened for the first one; used as a context."""

    def __init__(self, server: Server) -> None:
        """Take the server."""
        self._server = server
        self._smtp: smtplib.SMTP | None = None
        self._broken = 0
        self._is_fresh = True
        """Whether the connection was opened for the letter that is being sent."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take leave; after an accident without a word, which could become part of a message."""
        if self._smtp is not None and kind is None:
            try:
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._hang_up()
        self._hang_up()

    def deliver(self, letter: Letter, claim: Callable[[], bool]) -> Verdict:
        """Send a letter, unless `claim` says that it is not ours; raises `Away`."""
        try:
            smtp = self._offered(letter)
        except _Refused as refusal:
            self._go_on_after(refusal)
            if refusal.code == CLOSING and not self._is_fresh:
                return self.deliver(letter, claim)  # It has waited too long for this letter.
            return refusal.verdict()
        except (OSError, smtplib.SMTPException) as fault:
            verdict = self._broke_off(fault)
            return verdict if self._is_fresh else self.deliver(letter, claim)
        if not claim():
            self._hang_up()  # The only way not to send what was announced.
            return TAKEN
        return self._told(smtp, letter)

    def _offered(self, letter: Letter) -> smtplib.SMTP:
        """Return the connection once the server waits for the message."""
        self._is_fresh = self._smtp is None
        if self._smtp is None:
            self._smtp = self._server.open()
        smtp = self._smtp
        _expect(OK, smtp.mail(letter.sender))
        _expect(OK, smtp.rcpt(letter.to))
        _expect(range(START, START + 1), smtp.docmd("DATA"))
        return smtp

    def _told(self, smtp: smtplib.SMTP, letter: Letter) -> Verdict:
        """Send the message itself; from here on only the server's reply tells."""
        try:
            smtp.send(_DOTS.sub(b"..", letter.content) + b".\r\n")
            code, text = _last_reply(smtp)
        except (OSError, smtplib.SMTPException) as fault:
            self._hang_up()
            reason = _("The connection broke off before the server's reply: %(fault)s")
            reason %= {"fault": _name(fault)}
            return Verdict(Outcome.UNKNOWN, reason, claimed=True)
        self._broken = 0
        if code in OK:
            return Verdict(Outcome.SENT, said(code, text), claimed=True)
        if code < 400:  # noqa: PLR2004  No reply of SMTP's: it says neither yes nor no.
            self._hang_up()
            return Verdict(Outcome.UNKNOWN, said(code, text), claimed=True)
        refusal = _Refused(code, text)
        self._go_on_after(refusal)
        return refusal.verdict(claimed=True)

    def _go_on_after(self, refusal: _Refused) -> None:
        """Let the connection be as new; one that the server closes is given up."""
        self._broken = 0
        try:
            if refusal.code == CLOSING or self._smtp is None:
                self._hang_up()
            else:
                self._smtp.rset()
        except (OSError, smtplib.SMTPException):
            self._hang_up()

    def _broke_off(self, fault: Exception) -> Verdict:
        self._hang_up()
        self._broken += 1
        if self._broken >= BROKEN:
            often = _("The connection broke off %(times)d times: %(fault)s")
            raise Away(often % {"times": BROKEN, "fault": _name(fault)}) from fault
        reason = _("The connection broke off: %(fault)s") % {"fault": _name(fault)}
        return Verdict(Outcome.WAITING, reason)

    def _hang_up(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _expect(codes: range, reply: tuple[int, bytes]) -> None:
    if reply[0] not in codes:
        raise _Refused(*reply)


def _last_reply(smtp: smtplib.SMTP) -> tuple[int, bytes]:
    assert smtp.sock is not None  # noqa: S101  It has just been written to.
    smtp.sock.settimeout(LAST_REPLY)
    try:
        return smtp.getreply()
    finally:
        if smtp.sock is not None:
            smtp.sock.settimeout(REPLY)


def _name(fault: Exception) -> str:
    return str(fault) or type(fault).__name__
