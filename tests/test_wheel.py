"""The wheel alone, in a project that is not ours: installed, embedded and watched in a browser."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from tests.host.environments import Environment, build_wheel
from tests.host.running import Shop
from tests.processes import ROOT, Child
from tests.services import CHROMIUM_FLAGS, RedisServer, chromium, redis_server

pytestmark = [pytest.mark.slow, pytest.mark.browser]

DJANGO = "django.contrib.staticfiles.storage"
STORAGES = {
    "plain": (f"{DJANGO}.StaticFilesStorage", ""),
    "hashed": (f"{DJANGO}.ManifestStaticFilesStorage", ""),
    "only hashed, below a prefix": (
        "whitenoise.storage.CompressedManifestStaticFilesStorage",
        "/s",
    ),
}
"""What keeps the static files, and under which FORCE_SCRIPT_NAME the shop lies meanwhile."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Install the wheel with what it asks for, and WhiteNoise, which the shop has besides."""
    made = Environment.make(tmp_path_factory.mktemp("environment") / "venv")
    made.install(str(wheel), "whitenoise")
    return made


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    """Run a Redis of the shop's own."""
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium, or the one that Playwright brings."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Running:
    """The shop with its processes."""

    shop: Shop
    web: Child
    worker: Child

    @property
    def address(self) -> str:
        """Where its pages are."""
        return self.web.url + self.shop.prefix

    @property
    def half(self) -> Path:
        """Whose presence lets tasks go on after their half."""
        return self.shop.folder / "half"


@pytest.fixture(scope="module", params=STORAGES)
def running(
    request: pytest.FixtureRequest,
    environment: Environment,
    own_redis: RedisServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """Set the shop up as its owner would, and run it."""
    storage, prefix = STORAGES[request.param]
    folder = tmp_path_factory.mktemp("shop")
    shop = Shop(
        folder=folder, environment=environment, redis=own_redis, storage=storage, prefix=prefix
    )
    shop.copy()
    shop.manage("check", "--fail-level", "WARNING")
    shop.manage("migrate")
    shop.manage("collectstatic", "--no-input")
    shop.sign_up("ana", "ben")
    with shop.web() as web, shop.worker() as worker:
        yield Running(shop, web, worker)
        assert "Traceback" not in web.printed() + worker.printed()


@pytest.fixture
def pages(running: Running, browser: Browser) -> Iterator[Pages]:
    """Give each person a browser of their own, in which nothing may be complained about."""
    running.half.unlink(missing_ok=True)
    pages = Pages(running, browser)
    yield pages
    pages.close()
    assert pages.complaints == []


class Pages:
    """Browser windows of signed-in people."""

    def __init__(self, running: Running, browser: Browser) -> None:
        """Begin with none."""
        self.complaints: list[str] = []
        self._running = running
        self._browser = browser

    def of(self, name: str) -> Page:
        """Sign somebody in by the shop's own form."""
        page = self._browser.new_context().new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", lambda answer: self._note(answer.status, answer.url))
        page.goto(f"{self._running.address}/sign-in/")
        page.fill("[name=username]", name)
        page.fill("[name=password]", name)
        page.click("button")
        page.wait_for_url(f"{self._running.address}/")
        return page

    def close(self) -> None:
        """Close them all."""
        for context in self._browser.contexts:
            context.close()

    def _note(self, status: int, url: str) -> None:
        if status >= 400:
            self.complaints.append(f"{status} {url}")


def start(page: Page) -> str:
    """Start a job by the shop's button and return its id."""
    page.click("button")
    page.wait_for_url("**/packing/*/")
    return page.url.rstrip("/").rpartition("/")[2]


def bar_at(page: Page, percent: int) -> Locator:
    """Return the live bar once it shows this many per cent."""
    live = page.locator("job-progress[connection=live]")
    bar = live.locator(f'[role=progressbar][aria-valuenow="{percent}"]')
    bar.wait_for()
    return bar


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    """Built browser files, templates, migrations, types; no service, no tests, no sources."""
    names = {PurePosixPath(name) for name in zipfile.ZipFile(wheel).namelist()}
    package = {path for path in (ROOT / "realtime").rglob("*") if path.is_file()}
    wanted = {PurePosixPath(path.relative_to(ROOT)) for path in package if path.suffix != ".pyc"}
    assert {name for name in names if name.parts[0] == "realtime"} == wanted
    [info] = {name.parts[0] for name in names} - {"realtime"}
    assert info.endswith(".dist-info")
    assert PurePosixPath(info, "licenses", "LICENSE") in names
    assert PurePosixPath("realtime", "py.typed") in names
    for script in ("client", "embed", "steer", "inbox", "tree", "tray", "log"):
        assert PurePosixPath("realtime", "static", "realtime", f"{script}.js") in names
    for source in (ROOT / "realtime").rglob("*.po"):
        assert PurePosixPath(source.with_suffix(".mo").relative_to(ROOT)) in names


def test_nothing_of_ours_but_the_wheel_is_there(running: Running) -> None:
    """The package comes from the wheel; Node and the service's modules are nowhere."""
    shop = running.shop
    site = shop.python("-c", "import realtime; print(realtime.__file__)")
    assert site.startswith(str(shop.environment.folder))
    find = "from importlib.util import find_spec; print(find_spec('core'), find_spec('tests'))"
    assert shop.python("-c", find).split() == ["None", "None"]
    assert shutil.which("node", path=shop.variables["PATH"]) is None


def test_the_models_need_no_migration_of_the_host(running: Running) -> None:
    """Whatever its user model and its keys are."""
    assert "No changes" in running.shop.manage("makemigrations", "--check", "--dry-run")


def test_a_bar_moves_and_goes_on_after_a_reload(running: Running, pages: Pages) -> None:
    """A plain `delay()` belongs to who is signed in, who sees it through to its end."""
    page = pages.of("ana")
    start(page)
    bar_at(page, 50)
    rendered = page.request.get(page.url).text()
    assert '<progress max="100" value="50"' in rendered
    page.reload()
    bar_at(page, 50)
    running.half.touch()
    bar_at(page, 100)
    page.locator("job-progress[status=succeeded]").wait_for()


def test_a_job_is_cancelled_by_its_button(running: Running, pages: Pages) -> None:
    """The request finds its address and its CSRF token, which this shop keeps in the session.

    The page has a log too, written by hand, whose script is found under whatever name it has.
    """
    page = pages.of("ana")
    job = start(page)
    bar_at(page, 50)
    page.goto(f"{running.address}/packing/{job}/steer/")
    bar_at(page, 50)
    page.get_by_role("log").get_by_text("parcels are to be packed").wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.locator("job-progress[status=cancelled]").wait_for()


def test_another_customer_sees_nothing(running: Running, pages: Pages) -> None:
    """Neither on the page, nor over HTTP, nor over a socket."""
    ana, ben = pages.of("ana"), pages.of("ben")
    job = start(ana)
    bar_at(ana, 50)
    ben.goto(ana.url)
    ben.locator("job-progress[connection=live]").wait_for()
    assert ben.locator("job-progress[status], job-progress [aria-valuenow]").count() == 0
    assert "<progress" not in ben.request.get(ana.url).text()
    api = f"{running.address}/progress/api/jobs/{job}"
    assert (ana.request.get(api).status, ben.request.get(api).status) == (200, 404)
    assert told(running, ben, job)["code"] == "not_found"
    running.half.touch()
    bar_at(ana, 100)


def told(running: Running, page: Page, job: str) -> dict[str, Any]:
    """Return what a socket with this person's cookies is answered about a job."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    with connect(
        running.address.replace("http", "ws") + "/progress/ws",
        subprotocols=[Subprotocol("headway.v1")],
        origin=Origin(running.web.url),
        additional_headers={"Cookie": cookies},
    ) as socket:
        assert json.loads(socket.recv(10))["type"] == "welcome"
        socket.send(json.dumps({"type": "watch", "topics": {f"job:{job}": {}}}))
        answer: dict[str, Any] = json.loads(socket.recv(10))
        return answer
