"""The shop as it runs: a copy of it in a folder, in an environment that holds only the wheel."""

from __future__ import annotations

import http.client
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.host.environments import Environment, run
from tests.processes import Child
from tests.services import RedisServer, free_port, keep, wait_until

SOURCE = Path(__file__).parent / "shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The project in a folder of its own."""

    folder: Path
    """Where it is; its database and its collected files are there too."""
    environment: Environment
    """Where the wheel is installed."""
    redis: RedisServer
    """Broker and store."""
    storage: str
    """Which storage keeps its static files."""
    prefix: str
    """Its FORCE_SCRIPT_NAME."""

    def copy(self) -> None:
        """Put the project where nothing of ours is near."""
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(SOURCE, self.folder / "shop", ignore=ignored)

    def python(self, *arguments: str) -> str:
        """Run its Python and return what it printed."""
        return run(self.environment.python, *arguments, cwd=self.folder, env=self.variables)

    def manage(self, *arguments: str) -> str:
        """Run a command of Django."""
        return self.python("-m", "django", *arguments)

    def sign_up(self, *names: str) -> None:
        """Make customers whose passwords are their names."""
        make = "get_user_model().objects.create_user(name, password=name)"
        line = f"from django.contrib.auth import *; [{make} for name in {names}]"
        self.manage("shell", "--command", line)

    @property
    def variables(self) -> dict[str, str]:
        """Its whole environment: PATH leads to no Node."""
        return {
            "PATH": str(self.environment.programs),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "shop.settings",
            "STATIC_STORAGE": self.storage,
            "SCRIPT_NAME": self.prefix,
            "BROKER": f"redis://127.0.0.1:{self.redis.port}/1",
            "REDIS_URL": self.redis.url,
        }

    @contextmanager
    def web(self) -> Iterator[Child]:
        """Run its pages and sockets."""
        port = free_port()
        daphne = ("daphne", "-b", "127.0.0.1", "-p", str(port), "shop.asgi:application")
        with self._child(*daphne, port=port) as child:
            wait_until(lambda: self._is_ready(child), "Daphne to answer", seconds=30)
            yield child

    @contextmanager
    def worker(self) -> Iterator[Child]:
        """Run its worker."""
        options = ("--concurrency", "2", "--loglevel", "INFO")
        with self._child("celery", "-A", "shop", "worker", *options) as child:
            wait_until(lambda: " ready." in _printed(child), "the worker to be ready", seconds=60)
            yield child

    @contextmanager
    def _child(self, *command: str, port: int = 0) -> Iterator[Child]:
        log = self.folder / f"{command[0]}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                (self.environment.python, "-m", *command),
                cwd=self.folder,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        child = Child(process, log, port)
        keep("+", child.pid)
        try:
            yield child
        finally:
            child.end()
            keep("-", child.pid)
            # Shown by pytest beside a test that failed.
            print(f"--- {command[0]}\n{child.printed()[-4000:]}")  # noqa: T201

    def _is_ready(self, web: Child) -> bool:
        _printed(web)
        asked = http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)
        with suppress(OSError, http.client.HTTPException), closing(asked):
            asked.request("GET", f"{self.prefix}/progress/readyz")
            with asked.getresponse() as answer:
                return answer.status == http.HTTPStatus.OK
        return False


def _printed(child: Child) -> str:
    assert child.process.poll() is None, child.printed()
    return child.printed()
