"""The shell example of the README, run as it stands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from realtime import control, tokens
from realtime.models import Job
from realtime.states import read_one
from tests.processes import ROOT, Child
from tests.services import wait_until

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")

BACK_UP = """#!/bin/sh
case $1 in
  broken) exit 1 ;;
  slow) touch "$0.begun"; while [ ! -e "$0.go" ]; do sleep 0.05; done ;;
esac
"""


@pytest.fixture
def script(tmp_path: Path, servers: Any, ana: Any) -> Any:
    """Return what starts the example for some folders, beside a stand-in for its `back-up`."""
    web: Child = servers.running("uvicorn")
    found = re.search(r"```sh\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found
    (tmp_path / "script").write_text(found[1])
    (tmp_path / "back-up").write_text(BACK_UP)
    (tmp_path / "back-up").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    token = tokens.create(ana, "cron", ["report"])[1]
    env = {"PATH": path, "HEADWAY": f"{web.url}/headway", "TOKEN": token}

    def start(*folders: str) -> subprocess.Popen[str]:
        command = ("bash", "-eu", str(tmp_path / "script"), *folders)
        return subprocess.Popen(
            command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    return start


def test_it_moves_its_bar_to_the_end(script: Any) -> None:
    """Each folder is a step, and the end is in SQL."""
    done = script("photos", "letters", "music")
    printed = done.communicate(timeout=30)[0]
    assert done.returncode == 0, printed
    state = Job.objects.get().state()
    assert (state["status"], state["current"], state["total"]) == ("succeeded", 3, 3)
    assert (state["name"], state["message"]) == ("backup", "music")


def test_it_says_that_it_failed(script: Any) -> None:
    """With its error, which its owner reads."""
    done = script("photos", "broken", "music")
    printed = done.communicate(timeout=30)[0]
    assert done.returncode == 1, printed
    state = Job.objects.get().state()
    assert (state["status"], state["current"]) == ("failed", 1)
    assert state["error"]["text"] == "See its log."


def test_it_stops_when_people_want_it(script: Any, tmp_path: Path) -> None:
    """Before the next folder."""
    runs = script("slow", "music")
    wait_until((tmp_path / "back-up.begun").exists, "the first folder")
    job = str(Job.objects.get().pk)
    control.cancel(job)
    (tmp_path / "back-up.go").touch()
    printed = runs.communicate(timeout=30)[0]
    assert runs.returncode == 3, printed
    state = read_one(job)
    assert state is not None
    assert (state["status"], state["current"]) == ("cancelled", 1)
