"""A real web server as the target of webhooks: it records what comes, and is as bad as wanted."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a-secret-that-nobody-is-told"


@dataclass
class Got:
    """One request that has come."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        """Return what it says."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def key(self) -> str:
        """Return by what a second one is known."""
        return self.headers["idempotency-key"]

    def is_signed(self, secret: str = SECRET) -> bool:
        """Tell whether it was signed with a secret: as the README tells who is asked to do it."""
        parts = dict(part.split("=", 1) for part in self.headers["x-headway-signature"].split(","))
        message = parts["t"].encode() + b"." + self.body
        wanted = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, parts["v1"])


@dataclass
class Hook:
    """What has come to the server, and how it answers by path."""

    scheme: str = "http"
    port: int = 0
    got: list[Got] = field(default_factory=list)
    replies: list[int] = field(default_factory=list)
    """The statuses of the next answers; 200 after them."""
    released: threading.Event = field(default_factory=threading.Event)
    """Set, what hangs goes on."""

    def url(self, path: str = "/hook") -> str:
        """Return an address of the server."""
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"


class _Handler(BaseHTTPRequestHandler):
    hook: Hook

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hook.got.append(Got(self.path, headers, body))
        with suppress(OSError):
            self._answer()

    def _answer(self) -> None:
        if self.path == "/hangs":
            self.hook.released.wait(60)
        elif self.path == "/drips":
            while not self.hook.released.wait(0.05):
                self.wfile.write(b"H")
                self.wfile.flush()
            return
        elif self.path == "/moves":
            self.send_response(302)
            self.send_header("Location", self.hook.url("/elsewhere"))
            self.end_headers()
            return
        self.send_response(self.hook.replies.pop(0) if self.hook.replies else 200)
        self.end_headers()
        while self.path == "/endless" and not self.hook.released.is_set():
            self.wfile.write(b"x" * 65_536)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def hook_server(certificate: str = "", key: str = "") -> Iterator[Hook]:
    """Run one on a free port, over TLS where it has a certificate."""
    hook = Hook(scheme="https" if certificate else "http")
    handler = type("Handler", (_Handler,), {"hook": hook})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hook
    finally:
        hook.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
