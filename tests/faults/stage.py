"""The processes of fault scenarios: started when first asked for, with proxies on every way.

browser → front → web → web_way → Redis ← worker_way ← worker
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.faults.crowds import make_room
from tests.faults.lossy import DROP
from tests.faults.proxy import Proxy, proxy
from tests.processes import SERVICE, Child, web_server, worker
from tests.services import RedisServer, wait_until

SETTINGS = "tests.faults.settings"
OURS = ("FAULT", "VISIBILITY", "CELERY_MORE")
"""How variables of the environment begin; what else is given to a process is a setting."""
CROWDS = {"SOCKETS_PER_USER": 10_000, "SOCKETS_PER_ADDRESS": 10_000}
"""Viewers of a scenario are one person's, from one address."""
SHARED = {"web", "worker"}
"""The processes that the scenarios of a file share."""
LEASE = 3.0
"""Seconds, instead of ten, after which a silent worker is taken for dead here."""


class Stage:
    """Keeps processes for the scenarios of one file."""

    def __init__(self, redis: RedisServer, folder: Path) -> None:
        """Prepare; nothing is started."""
        make_room()
        self.redis = redis
        self.folder = folder
        self._exits = ExitStack()
        self.front = self._exits.enter_context(proxy())
        self.web_way = self._exits.enter_context(proxy(redis.port))
        self.worker_way = self._exits.enter_context(proxy(redis.port))
        self._kept: dict[str, tuple[dict[str, str], Child, ExitStack]] = {}
        self.drop(0)

    def web(self, name: str = "web", server: str = "daphne", port: int = 0, **more: Any) -> Child:
        """Return a web process, which the front passes on to."""
        environment = self._environment(self.web_way, more)

        def start(exits: ExitStack) -> Child:
            return exits.enter_context(web_server(server, SERVICE, port, **environment))

        one = self._keep(name, {**environment, "server": server}, start)
        if one.port not in self.front.targets:
            self.front.targets.append(one.port)
        return one

    def worker(
        self, name: str = "worker", pool: str = "prefork", concurrency: int = 4, **more: Any
    ) -> Child:
        """Return a worker."""
        environment = self._environment(self.worker_way, more)

        def start(exits: ExitStack) -> Child:
            run = worker(pool, concurrency=concurrency, name=name, **environment)
            return exits.enter_context(run)

        return self._keep(name, {**environment, "pool": pool}, start)

    def end(self, name: str) -> None:
        """End a process, in good order where it still lives."""
        _, one, exits = self._kept.pop(name)
        if one.port in self.front.targets:
            self.front.targets.remove(one.port)
        exits.close()

    def part(self) -> None:
        """End what only one scenario has started, also when it has failed: it would take jobs."""
        for name in set(self._kept) - SHARED:
            self.end(name)

    def drop(self, share: float) -> None:
        """Let layers that were started with `lossy` lose this share of the messages."""
        self._dropping.write_text(str(share))

    def calm(self) -> None:
        """Put everything right again between two scenarios."""
        self.redis.cont()
        if self.redis.process is None or self.redis.process.poll() is not None:
            self.redis.start()
        self.drop(0)
        for one in (self.front, self.web_way, self.worker_way):
            one.change(delay=0.0, speed=0.0, silent=False, refuses=False)
        wait_until(self.redis.answers, "Redis")

    def close(self) -> None:
        """End everything."""
        for name in list(self._kept):
            self.end(name)
        self._exits.close()

    @property
    def _dropping(self) -> Path:
        return self.folder / "drop"

    def _environment(self, way: Proxy, more: dict[str, Any]) -> dict[str, str]:
        """Return a child's environment; what is written in capitals there is a setting here."""
        settings = {name: value for name, value in more.items() if not name.startswith(OURS)}
        headway = {**CROWDS, **settings}
        if headway.pop("lossy", False):
            headway["LAYER"] = "lossy"
        return {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "REDIS_URL": f"redis://127.0.0.1:{way.port}/0",
            "HEADWAY_MORE": json.dumps(headway),
            DROP: str(self._dropping),
            **{name: str(value) for name, value in more.items() if name.startswith(OURS)},
        }

    def _keep(self, name: str, environment: dict[str, str], start: Any) -> Child:
        """Return the process of this name if it lives and was started alike, else start it."""
        if name in self._kept:
            before, one, _ = self._kept[name]
            if before == environment and one.process.poll() is None:
                return one
            self.end(name)
        exits = ExitStack()
        started: Child = start(exits)
        self._kept[name] = (environment, started, exits)
        return started
