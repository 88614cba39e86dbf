"""A mail server that sends nothing on: `python -m core.mail.sink --fd 5 --folder var/mail`.

It takes what the service sends and keeps it in a folder, where `caught.py` reads it. Two domains,
which are nobody's (RFC 2606), behave badly, to see what a campaign makes of it: addresses at
`refused.test` do not exist, and those at `busy.test` are refused for now, every other time.

It knows nothing of Django, so it starts in a moment and takes little memory.
"""

import asyncio
import email
import os
import re
import socket
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 20_000
"""Messages that are kept, the newest."""
SWEPT_EVERY = 500
LARGEST = 32 * 1024 * 1024
"""Bytes of a message."""
NOBODY = "0" * 32
"""Stands for the campaign of a message that belongs to none."""
NAME = re.compile(r"\d{20}-[0-9a-f]{32}")
_CAMPAIGN = "X-Campaign"


@dataclass
class Sink:
    """Takes messages; what aiosmtpd calls for each command."""

    folder: Path
    taken: int = 0
    refused: set[str] = field(default_factory=set)
    """The addresses at `busy.test` whose next message is taken."""

    async def handle_RCPT(  # noqa: N802  aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or behave badly."""
        del server, session, options
        domain = address.rpartition("@")[2].lower()
        if domain == "refused.test":
            return "550 5.1.1 No such user here"
        if domain == "busy.test" and address not in self.refused:
            self.refused.add(address)
            return "451 4.3.2 Busy, please try again later"
        self.refused.discard(address)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a message."""
        del server, session
        content = envelope.original_content or b""
        await asyncio.to_thread(self.keep, ", ".join(envelope.rcpt_tos), content)
        return "250 2.0.0 Kept, and not sent on"

    def keep(self, to: str, content: bytes) -> None:
        """Write a message whole or not at all, and now and then forget the oldest."""
        name = f"{time.time_ns():020d}-{campaign_of(content)}"
        path = self.folder / f".{name}"
        path.write_bytes(b"Delivered-To: " + to.encode() + b"\r\n" + content)
        path.rename(self.folder / name)
        self.taken += 1
        if self.taken % SWEPT_EVERY == 1:
            for old in names_in(self.folder)[:-KEPT]:
                (self.folder / old).unlink(missing_ok=True)


def names_in(folder: Path) -> list[str]:
    """Return the names of the messages in a folder, the oldest first."""
    return sorted(entry.name for entry in os.scandir(folder) if NAME.fullmatch(entry.name))


def campaign_of(content: bytes) -> str:
    """Return the campaign that a message says it belongs to, as 32 hexadecimal digits."""
    head = email.message_from_bytes(content.partition(b"\r\n\r\n")[0])
    said = str(head.get(_CAMPAIGN, "")).strip().replace("-", "").lower()
    return said if re.fullmatch(r"[0-9a-f]{32}", said) else NOBODY


async def serve(listener: socket.socket, folder: Path) -> None:
    """Serve until the end."""
    sink, loop = Sink(folder), asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(sink, hostname="localhost", data_size_limit=LARGEST, loop=loop)

    server = await loop.create_server(connection, sock=listener)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the command line and serve."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--folder", type=Path, required=True, help="where messages are kept")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(socket.socket(fileno=given.fd), given.folder))


if __name__ == "__main__":
    main()
