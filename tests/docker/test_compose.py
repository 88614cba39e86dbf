"""The files of docker/, as far as they can be tried without Docker."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import crossplane
import pytest
import yaml

from core.queues import CAMPAIGNS, is_rabbit
from tests.services import (
    PostgresServer,
    RedisServer,
    free_port,
    postgres_server,
    redis_server,
    wait_until,
)

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker" / "compose.yaml"
RABBIT = ROOT / "docker" / "rabbitmq.yaml"
SECRETS = {
    "SECRET_KEY": "s" * 60,
    "ALLOWED_HOSTS": "jobs.example.org",
    "POSTGRES_PASSWORD": "p",
    "REDIS_PASSWORD": "r",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")


def interpolated(value: Any, environment: dict[str, str]) -> Any:
    """Put variables into every text, as Compose does."""
    match value:
        case dict():
            return {key: interpolated(item, environment) for key, item in value.items()}
        case list():
            return [interpolated(item, environment) for item in value]
        case str():
            return VARIABLE.sub(lambda found: variable(found, environment), value)
    return value


def variable(found: re.Match[str], environment: dict[str, str]) -> str:
    """Return the value of ${NAME:-default} or ${NAME:?sentence}."""
    name, kind, word = found.groups()
    if kind == "?" and name not in environment:
        raise KeyError(f"{name}: {word}")
    return environment.get(name, word or "")


def compose(environment: dict[str, str] = SECRETS, file: Path = COMPOSE) -> dict[str, Any]:
    """Return the services with their variables put in."""
    services: dict[str, Any] = yaml.safe_load(file.read_text())["services"]
    filled: dict[str, Any] = interpolated(services, environment)
    return filled


@pytest.mark.parametrize("name", SECRETS)
def test_a_missing_secret_is_asked_for(name: str) -> None:
    """No password has a default."""
    others = {key: value for key, value in SECRETS.items() if key != name}

    with pytest.raises(KeyError, match=f"{name}: set it to "):
        compose(others)


def test_only_the_proxy_is_reached_from_outside() -> None:
    """Databases and web processes publish no port."""
    assert [name for name, service in compose().items() if "ports" in service] == ["proxy"]


def test_what_needs_the_tables_waits_for_them() -> None:
    """Web and workers start after the migrations have ended well."""
    for name in ("web", "worker", "campaigns"):
        condition = compose()[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"


def test_each_service_tells_its_health_or_says_that_it_has_none() -> None:
    """The application's own is in its image."""
    image = (ROOT / "docker" / "Dockerfile").read_text()

    assert "HEALTHCHECK" in image
    assert {name for name, service in compose().items() if "healthcheck" not in service} == {"web"}


def test_some_worker_takes_from_each_queue() -> None:
    """What the one leaves out the other one takes."""
    services = compose()
    assert f"--exclude-queues={CAMPAIGNS}" in services["worker"]["command"]
    assert f"--queues={CAMPAIGNS}" in services["campaigns"]["command"]


def test_with_rabbitmq_all_who_send_and_take_use_it() -> None:
    """They wait for it, and each is a service of the other file."""
    with pytest.raises(KeyError, match="RABBITMQ_PASSWORD: set it to "):
        compose(file=RABBIT)
    added = compose({"RABBITMQ_PASSWORD": "q"}, RABBIT)
    assert "healthcheck" in added.pop("rabbitmq")
    images = {name: service.get("image") for name, service in compose().items()}
    assert set(added) == {name for name in images if images[name] == "headway"} - {"migrate"}
    for service in added.values():
        assert is_rabbit(service["environment"]["CELERY_BROKER_URL"])
        assert service["depends_on"]["rabbitmq"]["condition"] == "service_healthy"


def test_the_proxy_passes_sockets_and_cuts_off_stalled_readers() -> None:
    """Read by nginx's own parser."""
    read = crossplane.parse(str(ROOT / "docker" / "nginx.conf"), single=True, check_ctx=False)
    assert read["status"] == "ok", read["errors"]
    (server,) = [block for block in read["config"][0]["parsed"] if block["directive"] == "server"]
    lines = {(item["directive"], *item["args"]) for item in server["block"]}
    (location,) = [item for item in server["block"] if item["args"] == ["/"]]
    passed = {(item["directive"], *item["args"]) for item in location["block"]}

    assert ("send_timeout", "15s") in lines
    assert ("proxy_set_header", "Upgrade", "$http_upgrade") in passed
    assert ("proxy_http_version", "1.1") in passed


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """Run the database."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """Run Redis."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def environment(
    postgres: PostgresServer, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Return what the image and the file set, with the addresses of this test."""
    services = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
    data = tmp_path_factory.mktemp("data")
    image = {
        "DATA_DIR": str(data),
        "STATIC_ROOT": str(data / "static"),
        "UVICORN_HOST": "127.0.0.1",
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**compose()["web"]["environment"], **image, **services, "PATH": path}


def test_the_commands_serve_as_they_stand(environment: dict[str, str], tmp_path: Path) -> None:
    """Migrations end well, web answers, the worker gets ready; both end when they are told."""
    services, port = compose(), free_port()
    run(services["migrate"]["command"], environment)
    run(["python", "manage.py", "collectstatic", "--no-input"], environment)
    with (
        running(services["web"]["command"], tmp_path, {**environment, "UVICORN_PORT": str(port)}),
        running(services["worker"]["command"], tmp_path, environment) as worker_log,
    ):
        wait_until(lambda: is_healthy(port), "web to answer", 30)
        wait_until(lambda: " ready." in worker_log.read_text(), "the worker to be ready", 30)


def run(command: list[str], environment: dict[str, str]) -> None:
    """Run a command to its good end."""
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[Path]:
    """Run a command, give the file of its output, and end it as Docker does."""
    log = folder / f"{command[0]}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        yield log
        assert process.poll() is None, log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    assert code in {0, -signal.SIGTERM}, log.read_text()


def is_healthy(port: int) -> bool:
    """Ask as the health check of the image does."""
    request = Request(
        f"http://127.0.0.1:{port}/headway/healthz", headers={"Host": "jobs.example.org"}
    )
    try:
        with urlopen(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
