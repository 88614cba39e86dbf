"""One signed request to a webhook: no redirect is followed, no answer is read to its end.

    X-Headway-Signature: t=1796000000,v1=<hex of HMAC-SHA256(secret, "1796000000." + body)>

Whoever is told makes the same of the body as it came, compares in constant time, refuses a time
that is minutes away, and takes a second request with the same `Idempotency-Key` for the first.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import time
from contextlib import suppress
from importlib import metadata
from threading import Timer

from realtime.addresses import Place, Target, places, target_of

PATIENCE = 10.0
"""Seconds that all of it may take."""


def signature(secret: str, moment: int, body: bytes) -> str:
    """Return what the header says that shows who has sent a body, and when."""
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"


def post(url: str, body: bytes, secret: str, key: str) -> int:
    """Send a body, and return the status that is answered.

    Raises `BadAddress` and `Blocked`, which stay as they are, and `OSError` and `HTTPException`
    where it may go better another time; `TimeoutError` when it has taken too long.
    """
    until = time.monotonic() + PATIENCE
    target = target_of(url)
    connection = _Connection(target, places(target, PATIENCE), until)
    moment = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Headway/{_version()}",
        "Idempotency-Key": key,
        "X-Headway-Signature": signature(secret, moment, body),
        "Connection": "close",
    }
    try:
        connection.request("POST", target.path, body, headers)
        return connection.getresponse().status  # What follows the head is nobody's business.
    except Exception as error:
        if connection.is_late:
            raise TimeoutError(f"no answer within {PATIENCE:g} s") from error
        raise
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    """A connection to where a target was found, cut off when its time is over.

    By a timer, for a server that sends a byte now and then never lets a socket time out.
    """

    def __init__(self, target: Target, found: list[Place], until: float) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.scheme == "https" else 80  # Left out of the header Host.
        self._target, self._places, self._until = target, found, until
        self._timer: Timer | None = None
        self._plug: socket.socket | None = None
        self.is_late = False

    def connect(self) -> None:
        """Reach the first place that answers; nothing is resolved again."""
        plain = self._reached()
        self._plug = plain.dup()  # TLS takes the other one over.
        self._timer = Timer(self._left(), self._cut)
        self._timer.daemon = True
        self._timer.start()
        self.sock = plain
        if self._target.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self._target.host)

    def close(self) -> None:
        """Close all of it."""
        super().close()
        if self._timer:
            self._timer.cancel()
        if self._plug:
            self._plug.close()

    def _reached(self) -> socket.socket:
        wrong: OSError | None = None
        for place in self._places:
            plain = socket.socket(place.family, socket.SOCK_STREAM)
            try:
                plain.settimeout(self._left())
                plain.connect(place.where)
            except OSError as error:
                plain.close()
                wrong = error
            else:
                return plain
        raise wrong or OSError("there is nothing to connect to")

    def _left(self) -> float:
        return max(self._until - time.monotonic(), 0.01)

    def _cut(self) -> None:
        self.is_late = True
        with suppress(OSError):
            if self._plug:
                self._plug.shutdown(socket.SHUT_RDWR)


def _version() -> str:
    try:
        return metadata.version("django-headway")
    except metadata.PackageNotFoundError:  # A checkout that is not installed.
        return "unknown"
