"""A small stand-in for the service: pages, the built files and `headway.v1`, without Django."""

from __future__ import annotations

import json
import mimetypes
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "realtime" / "static" / "realtime"
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; "
    "require-trusted-types-for 'script'; base-uri 'none'; form-action 'self'"
)
Frame = dict[str, Any]


def wait_until(done: Callable[[], object], seconds: float = 5) -> None:
    """Wait for something that happens elsewhere; raises `TimeoutError` when it does not."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)


class Double:
    """Answers watches from `states`, refuses the rest, and remembers what it was sent."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.states: dict[str, Frame] = {}
        self.received: list[Frame] = []
        self.sockets: list[ServerConnection] = []
        self.lock = threading.Lock()
        self.server: Server = serve(
            self._socket,
            "127.0.0.1",
            0,
            subprotocols=["headway.v1"],  # type: ignore[list-item]
            process_request=self._page,
        )
        self.address = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self.server.shutdown()

    def page(self, body: str, *, head: str = "", html: str = 'lang="en"') -> str:
        """Serve a page with this body and the element's script; return its address."""
        path = f"/page-{len(self.pages)}"
        self.pages[path] = (
            f"<!doctype html><html {html}><head><meta charset=utf-8><title>Test</title>"
            '<meta name=viewport content="width=device-width, initial-scale=1">'
            f'<link rel=stylesheet href="/static/headway.css">{head}'
            '<script type=module src="/static/steer.js"></script>'
            '<script type=module src="/static/embed.js" data-headway-src="/headway/"></script>'
            f"</head><body><main><h1>Jobs</h1>{body}</main></body></html>"
        )
        return self.address + path

    def say(self, frame: Frame) -> None:
        """Send a frame to every socket."""
        for socket in list(self.sockets):
            socket.send(json.dumps(frame))

    def change(self, state: Frame) -> None:
        """Announce a state of a job, and keep it for who asks later."""
        self.states[state["id"]] = state
        self.say({"type": "jobs", "jobs": [state]})

    def close_sockets(self, code: int, reason: str = "") -> None:
        """Close every socket with a code."""
        for socket in list(self.sockets):
            socket.close(code, reason)

    def frames(self, kind: str) -> list[Frame]:
        """Return what browsers have sent of this type."""
        with self.lock:
            return [frame for frame in self.received if frame["type"] == kind]

    def _socket(self, socket: ServerConnection) -> None:
        socket.send(json.dumps(self._welcome()))
        self.sockets.append(socket)
        try:
            for text in socket:
                self._answer(socket, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            self.sockets.remove(socket)

    def _welcome(self) -> Frame:
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        return {
            "type": "welcome",
            "protocol": 1,
            "user": "7",
            "now": now,
            "heartbeat": 20,
            "window": 64,
        }

    def _answer(self, socket: ServerConnection, frame: Frame) -> None:
        with self.lock:
            self.received.append(frame)
        if frame["type"] != "watch":
            return
        for topic, have in frame["topics"].items():
            self._show(socket, topic, have.get("seq", 0))

    def _show(self, socket: ServerConnection, topic: str, seq: int) -> None:
        state = self.states.get(topic.removeprefix("job:"))
        if state is None:
            refusal = {"type": "refused", "topic": topic, "code": "not_found", "text": "No."}
            socket.send(json.dumps(refusal))
            return
        if state["seq"] > seq:
            socket.send(json.dumps({"type": "jobs", "jobs": [state]}))
        socket.send(json.dumps({"type": "watching", "topic": topic}))

    def _page(self, _: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/headway/ws":
            return None
        if path in self.pages:
            return _response(self.pages[path].encode(), "text/html; charset=utf-8")
        file = AXE if path == "/static/axe.js" else STATIC / path.removeprefix("/static/")
        if not file.is_file():
            return Response(HTTPStatus.NOT_FOUND, "Not Found", Headers([("Content-Length", "0")]))
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return _response(file.read_bytes(), kind)


def _response(body: bytes, kind: str) -> Response:
    headers = Headers(
        [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
    )
    return Response(HTTPStatus.OK, "OK", headers, body)
