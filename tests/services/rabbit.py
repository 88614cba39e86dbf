"""A RabbitMQ for tests."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from kombu import Connection

from core.embedded import free_port
from tests.services.server import Server, short_folder, unprivileged_user

OWN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The server's script in Debian's package: its other one, on PATH, runs as one user alone."""

LOOPBACK = "-kernel inet_dist_use_interface {127,0,0,1}"


@dataclass(kw_only=True)
class Epmd(Server):
    """Erlang's directory of nodes, for one RabbitMQ alone: else it would leave one behind."""

    program: str

    def command(self) -> Sequence[str]:
        """Return the command line."""
        return [self.program, "-port", str(self.port), "-address", "127.0.0.1"]

    def answers(self) -> bool:
        """Say whether it serves."""
        return listens(self.port)


@dataclass(kw_only=True)
class RabbitServer(Server):
    """A RabbitMQ without plugins; what is durable outlives a restart, not a `forget`."""

    program: str
    epmd: Epmd
    node_port: int = field(default_factory=free_port)
    ending: signal.Signals = signal.SIGTERM
    #: What the next start is told besides, in Erlang's words.
    options: str = ""

    @property
    def url(self) -> str:
        """Its address for CELERY_BROKER_URL."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def data(self) -> Path:
        """Where its queues are."""
        return self.folder / "data"

    def command(self) -> Sequence[str]:
        """Return the command line."""
        return [self.program]

    def environment(self) -> dict[str, str]:
        """Return its settings; it takes none from the machine's own RabbitMQ."""
        own = {
            "NODENAME": f"hw{self.port}@localhost",
            "NODE_IP_ADDRESS": "127.0.0.1",
            "NODE_PORT": self.port,
            "DIST_PORT": self.node_port,
            "CONF_ENV_FILE": self.folder / "none",
            "CONFIG_FILE": self.folder / "none",
            "ENABLED_PLUGINS_FILE": self.folder / "plugins",
            "MNESIA_BASE": self.data,
            "LOG_BASE": self.folder,
            "LOGS": "-",
            # One scheduler starts faster than many on a busy machine.
            "SERVER_ADDITIONAL_ERL_ARGS": f"+S 1:1 {LOOPBACK} {self.options}",
        }
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),  # Erlang's cookie is made there.
            "ERL_EPMD_PORT": str(self.epmd.port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RUNNING_UNDER_SYSTEMD": "1",  # The script then becomes the server: one process id.
            **{f"RABBITMQ_{name}": str(value) for name, value in own.items()},
        }

    def answers(self) -> bool:
        """Say whether it serves."""
        connection = Connection(self.url, connect_timeout=1)
        with suppress(*connection.connection_errors), connection:
            connection.connect()
            return True
        return False

    def start(self) -> Self:
        """Start its directory of nodes first."""
        if self.epmd.process is None:
            self.epmd.start()
        return super().start()

    def forget(self) -> None:
        """Lose everything, as a broker without a disk does when it is restarted."""
        self.kill()
        shutil.rmtree(self.data)
        self.start()

    def close(self) -> None:
        """End it and its directory; nothing of it is to be kept."""
        self.kill()
        self.epmd.kill()


def listens(port: int) -> bool:
    """Say whether somebody listens there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def rabbit_program() -> str | None:
    """Return the server's script, None where there is none."""
    return str(OWN) if OWN.exists() else shutil.which("rabbitmq-server")


@contextmanager
def rabbit_server() -> Iterator[RabbitServer]:
    """Run a RabbitMQ."""
    program, epmd = rabbit_program(), shutil.which("epmd")
    assert program, "expected a RabbitMQ, got: none; install rabbitmq-server"
    assert epmd, "expected Erlang's epmd on PATH, got: none"
    user = unprivileged_user("rabbitmq")
    with short_folder() as folder:
        if user:
            shutil.chown(folder, user)
        directory = Epmd(folder=folder, program=epmd, user=user)
        server = RabbitServer(folder=folder, program=program, epmd=directory, user=user)
        try:
            yield server.start()
        finally:
            server.close()
