"""Run a command beside servers: `python -m tests.services postgres rabbit -- COMMAND`."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from tests.services.postgres import PostgresServer, postgres_server
from tests.services.rabbit import RabbitServer, rabbit_program, rabbit_server

SERVICES: dict[
    str, tuple[str, Callable[[], AbstractContextManager[PostgresServer | RabbitServer]]]
] = {
    "postgres": ("DATABASE_URL", postgres_server),
    "rabbit": ("CELERY_BROKER_URL", rabbit_server),
}
"""Servers by name: the variable that takes their address, and what runs them."""


def main(arguments: list[str]) -> int:
    """Run a command with the addresses of servers of its own in its environment."""
    assert "--" in arguments, __doc__
    separator = arguments.index("--")
    with ExitStack() as running:
        environment = dict(os.environ)
        for name in arguments[:separator]:
            if name == "rabbit" and rabbit_program() is None:
                print("There is no RabbitMQ on this machine: Redis stands in.", flush=True)  # noqa: T201
                continue
            variable, server = SERVICES[name]
            environment[variable] = running.enter_context(server()).url
        command = arguments[separator + 1 :]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
