"""The mail server that EMAIL_URL names."""

import smtplib
import ssl
from dataclasses import dataclass, field
from typing import Self

from django.conf import settings
from django.core.mail.utils import DNS_NAME
from django.utils.translation import gettext as _

from realtime import JobError

REPLY = 30.0
"""Seconds that a server has for each reply."""
LAST_REPLY = 600.0
"""Seconds that it has to take a message over (RFC 5321, 4.5.3.2.6): who is less patient sends some
messages twice, or cannot tell whether they were sent."""


class Away(Exception):
    """The server cannot be reached, or does not want to talk now; nothing was sent."""


@dataclass(frozen=True)
class Server:
    """How to reach and greet it."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    """Whether to begin in the open and then change over (`smtp+tls`)."""
    ssl: bool = False
    """Whether to be encrypted from the start (`smtp+ssl`)."""

    @classmethod
    def from_settings(cls) -> Self:
        """Return it; raises `JobError` where mail goes elsewhere."""
        given = settings.EMAIL_CONFIG
        if not given.get("EMAIL_HOST"):
            raise JobError(
                _(
                    "No mail server is set: set EMAIL_URL, for example "
                    "EMAIL_URL=smtp+tls://user:password@mail.example.org:587, or use "
                    "`manage.py up`, which brings one that keeps every message on this machine."
                )
            )
        return cls(
            given["EMAIL_HOST"],
            int(given.get("EMAIL_PORT") or 0),
            given.get("EMAIL_HOST_USER") or "",
            given.get("EMAIL_HOST_PASSWORD") or "",
            tls=bool(given.get("EMAIL_USE_TLS")),
            ssl=bool(given.get("EMAIL_USE_SSL")),
        )

    def open(self) -> smtplib.SMTP:
        """Return a connection that is ready to send.

        Raises `Away`, and `JobError` when the server does not know who we are.
        """
        try:
            return self._greeted(self._connected())
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code < 500:  # noqa: PLR2004  SMTP's permanent refusals begin here.
                raise Away(_said(error)) from error
            refused = _(
                "The mail server does not let us in: %(reply)s Correct the name and password "
                "in EMAIL_URL, then run the job again."
            )
            raise JobError(refused % {"reply": _said(error)}) from error
        except (OSError, smtplib.SMTPException) as error:
            raise Away(_said(error)) from error

    def _connected(self) -> smtplib.SMTP:
        name = DNS_NAME.get_fqdn()
        if self.ssl:
            safe = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, name, timeout=REPLY, context=safe)
        return smtplib.SMTP(self.host, self.port, name, timeout=REPLY)

    def _greeted(self, smtp: smtplib.SMTP) -> smtplib.SMTP:
        try:
            if self.tls:
                smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
            if self.user:
                smtp.login(self.user, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _said(error: Exception) -> str:
    """Return what the server, or the network, said."""
    if isinstance(error, smtplib.SMTPResponseException):
        return said(error.smtp_code, error.smtp_error)
    return f"{error or type(error).__name__}."


def said(code: int, text: bytes | str) -> str:
    """Return a reply as people read it: its code and its words, on one line."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:300]
