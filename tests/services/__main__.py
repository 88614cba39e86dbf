"""Run a command beside a server: `python -m tests.services postgres -- COMMAND`."""

import os
import subprocess
import sys

from tests.services.postgres import postgres_server


def main(arguments: list[str]) -> int:
    """Run a command with DATABASE_URL pointing to a PostgreSQL of its own."""
    service, separator, *command = arguments
    assert (service, separator) == ("postgres", "--"), __doc__
    with postgres_server() as server:
        environment = {**os.environ, "DATABASE_URL": server.url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
