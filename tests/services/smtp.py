"""A mail server in a thread of the test: real SMTP, and as bad as the test wants it."""

from __future__ import annotations

import logging
import threading
from asyncio import WriteTransport
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from core.embedded import free_port


@dataclass
class Mailboxes:
    """Whom the server has messages for, and how it behaves."""

    port: int = field(default_factory=free_port)
    messages: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """Who has got what, in order."""
    refusals: dict[str, list[str]] = field(default_factory=dict)
    """What it answers to an address, one reply after the other, before it takes it."""
    last_words: dict[str, list[str]] = field(default_factory=dict)
    """What it answers to a whole message; one that begins with 2 is taken."""
    drops: dict[str, list[str]] = field(default_factory=dict)
    """When it cuts the connection: before it asks for the `message`, or before its last `reply`."""
    connections: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    """Closed, it waits before each last reply."""

    @property
    def url(self) -> str:
        """Its address, as EMAIL_URL says it."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def got(self) -> Counter[str]:
        """How many messages everybody has."""
        return Counter(to for to, _ in self.messages)


@dataclass
class _Handler:
    boxes: Mailboxes

    async def handle_RCPT(  # noqa: N802  aiosmtpd's names
        self,
        server: _Server,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if replies := self.boxes.refusals.get(address):
            return replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, server: _Server, session: Session, envelope: Envelope
    ) -> str:
        (to,) = envelope.rcpt_tos
        await server.loop.run_in_executor(None, self.boxes.gate.wait, 60)
        words = self.boxes.last_words.get(to)
        reply = words.pop(0) if words else "250 OK"
        if reply.startswith("2"):
            content = envelope.original_content or b""
            self.boxes.messages.append((to, message_from_bytes(content, policy=default)))
        if server.drops(to, "reply"):
            server.cut()
        return reply


class _Server(SMTP):
    boxes: Mailboxes

    def connection_made(self, transport: object) -> None:
        self.boxes.connections += 1
        super().connection_made(transport)  # type: ignore[arg-type]

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  aiosmtpd's name
        assert self.envelope
        if self.envelope.rcpt_tos and self.drops(self.envelope.rcpt_tos[0], "message"):
            self.cut()
            return
        await super().smtp_DATA(arg)

    def drops(self, to: str, when: str) -> bool:
        moments = self.boxes.drops.get(to)
        if not moments or moments[0] != when:
            return False
        moments.pop(0)
        return True

    def cut(self) -> None:
        assert isinstance(self.transport, WriteTransport)
        self.transport.abort()


class _Controller(Controller):
    boxes: Mailboxes

    def factory(self) -> SMTP:
        server = _Server(self.handler, loop=self.loop, hostname="tests")
        server.boxes = self.boxes
        return server


@contextmanager
def smtp_server() -> Iterator[Mailboxes]:
    """Run one on a free port."""
    boxes = Mailboxes()
    boxes.gate.set()
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # It tells of every connection.
    controller = _Controller(_Handler(boxes), hostname="127.0.0.1", port=boxes.port)
    controller.boxes = boxes
    controller.start()  # It looks whether it answers.
    boxes.connections = 0
    try:
        yield boxes
    finally:
        boxes.gate.set()
        controller.stop()
