"""A small stand-in for the service: pages, the built files and `headway.v1`, without Django."""

from __future__ import annotations

import json
import mimetypes
import re
import threading
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from realtime.elements import ELEMENTS

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "realtime" / "static" / "realtime"
MODULES = ROOT / "frontend" / "node_modules"
AXE = MODULES / "axe-core" / "axe.min.js"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:; "
    "require-trusted-types-for 'script'; base-uri 'none'; form-action 'self'"
)
LOOKS = """
:root { color-scheme: light dark; background: light-dark(#ffffff, #0b1120); }
body { color: light-dark(#0f172a, #e6ebf3); }
"""
"""Without a word about it a page stays light, whatever the system prefers, and so do its bars."""
FILES = json.dumps({name: f"/static/{Path(file).name}" for name, file in ELEMENTS.items()})
"""Where the page finds the scripts of elements that not every page has."""
NOON = "2026-11-22T12:00:00.000Z"
LINES = 1_000
"""Of a log in one frame."""
Frame = dict[str, Any]


def wait_until(done: Callable[[], object], seconds: float = 15) -> None:
    """Wait for something that happens elsewhere; raises `TimeoutError` when it does not."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)


class Double:
    """Answers watches from `states`, refuses the rest, and remembers what it was sent."""

    def __init__(self) -> None:
        self.policy = POLICY
        self.pages: dict[str, str] = {}
        self.files: dict[str, Path] = {}
        self.states: dict[str, Frame] = {}
        self.logs: dict[str, list[Frame]] = {}
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
            '<link rel=stylesheet href="/page.css">'
            f'<link rel=stylesheet href="/static/headway.css">{head}'
            f"<script type=module src='/static/steer.js' data-headway-elements='{FILES}'></script>"
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

    def write(self, job: str, *lines: Frame) -> None:
        """Add lines to the log of a job, and tell every socket of them."""
        log = self.logs.setdefault(job, [])
        after = log[-1]["n"] if log else 0
        log += [
            {"n": after + at, "at": NOON, "level": "info", **line}
            for at, line in enumerate(lines, 1)
        ]
        self.say(
            {"type": "log", "job": job, "after": after, "lines": log[-len(lines) :], "lost": 0}
        )

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
            kind, _, job = topic.partition(":")
            if kind == "log" and job in self.logs:
                self._tail(socket, job, have.get("after", 0))
            else:
                self._show(socket, topic, have.get("seq", 0))

    def _show(self, socket: ServerConnection, topic: str, seq: int) -> None:
        states = self._states_of(topic)
        if not states:
            refusal = {"type": "refused", "topic": topic, "code": "not_found", "text": "No."}
            socket.send(json.dumps(refusal))
            return
        if news := [state for state in states if state["seq"] > seq]:
            socket.send(json.dumps({"type": "jobs", "jobs": news}))
        socket.send(json.dumps({"type": "watching", "topic": topic}))

    def _states_of(self, topic: str) -> list[Frame]:
        kind, _, job = topic.partition(":")
        if kind == "tree":
            return [state for state in self.states.values() if state["root"] == job]
        if kind == "all":
            return list(self.states.values())
        if kind == "mine":
            return [state for state in self.states.values() if state["owner"] == "7"]
        state = self.states.get(job)
        return [state] if state else []

    def _tail(self, socket: ServerConnection, job: str, after: int) -> None:
        while part := self._part(job, after, LINES):
            socket.send(json.dumps(part))
            after = part["lines"][-1]["n"]

    def _part(self, job: str, after: int, limit: int) -> Frame | None:
        lines = [line for line in self.logs[job] if line["n"] > after][:limit]
        lost = lines[0]["n"] - 1 - after if lines else 0
        whole = {"type": "log", "job": job, "after": after, "lines": lines, "lost": lost}
        return whole if lines else None

    def _log(self, job: str, query: str) -> Response:
        asked = dict(parse_qsl(query))
        part = self._part(job, int(asked["after"]), int(asked["limit"]))
        return self._response(
            json.dumps(part or {"lines": [], "lost": 0}).encode(), "application/json"
        )

    def _page(self, connection: ServerConnection, request: Request) -> Response | None:
        del connection
        path, _, query = request.path.partition("?")
        if path == "/headway/ws":
            return None
        if path in self.pages:
            return self._response(self.pages[path].encode(), "text/html; charset=utf-8")
        if found := re.fullmatch(r"/headway/api/jobs/(.+)/log", path):
            return self._log(found[1], query)
        if path == "/page.css":
            return self._response(LOOKS.encode(), "text/css")
        file = self.files.get(path) or (
            AXE if path == "/static/axe.js" else STATIC / path.removeprefix("/static/")
        )
        if not file.is_file():
            return Response(HTTPStatus.NOT_FOUND, "Not Found", Headers([("Content-Length", "0")]))
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return self._response(file.read_bytes(), kind)

    def _response(self, body: bytes, kind: str) -> Response:
        headers = Headers(
            [
                ("Content-Type", kind),
                ("Content-Length", str(len(body))),
                ("Content-Security-Policy", self.policy),
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store"),
                ("Connection", "close"),
            ]
        )
        return Response(HTTPStatus.OK, "OK", headers, body)
