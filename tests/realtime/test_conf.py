"""Settings: typed, checked, documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from realtime.checks import check_results, check_settings
from realtime.conf import Settings, conf, names

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"SHARD": 3}, "expected a key of HEADWAY to be one of ALERT_PRIVATE_ADDRESSES"),
        ({"SHARDS": "3"}, "expected HEADWAY['SHARDS'] to be a positive whole number, got: '3'"),
        ({"SHARDS": True}, "positive whole number, got: True"),
        ({"SHARDS": 0}, "positive whole number, got: 0"),
        ({"HEAL_INTERVAL": "2"}, "to be a positive number, got: '2'"),
        ({"TRACK": "*"}, "expected HEADWAY['TRACK'] to be a list of texts, got: '*'"),
        ({"PREFIX": None}, "to be a text, got: None"),
        ({"LEASE": 2}, "at least three times HEADWAY['BEAT_INTERVAL'], or the living"),
        ({"KEEP_MINUTES": 60}, "expected HEADWAY['KEEP_MINUTES'] to be at least 10800, or minutes"),
        ({"KEEP_SERIES": 60}, "expected HEADWAY['KEEP_SERIES'] to be 0, or no less than KEEP_"),
        ({"REACH": "nowhere.reach"}, "expected HEADWAY['REACH'] to be the dotted path of a funct"),
        ({"REACH": "tests.tenants.gone"}, "that takes a user, as myproject.tenants.reach, got: '"),
        ({"REACH": "tests.tenants.__doc__"}, "the dotted path of a function that takes a user"),
        ({"REACH": "tests.tenants.later"}, "to be a plain function, no coroutine, got: 'tests."),
        (["x"], "expected HEADWAY to be a dictionary, got: ['x']"),
    ],
)
def test_a_wrong_setting_is_told(settings: Any, given: Any, sentence: str) -> None:
    """At the start, with what was expected and what was found."""
    settings.HEADWAY = given
    assert sentence in str(check_settings()[0])


def test_right_settings_are_silent_and_read(settings: Any) -> None:
    """A setting is read when it is used, so tests may change it."""
    settings.HEADWAY = {"SHARDS": 3, "HEAL_INTERVAL": 1, "TRACK": ["shop.*"]}
    assert check_settings() == []
    assert (conf.SHARDS, conf.HEAL_INTERVAL, conf.WINDOW) == (3, 1, 128)


def test_a_result_backend_that_gives_up_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own settings are right; a host's may not be."""
    assert check_results() == []
    host = Celery("host", backend="redis://", set_as_current=False)
    monkeypatch.setattr("realtime.checks.current_app", host)
    assert "always_retry" in check_results()[0].msg


def test_every_setting_has_a_line_and_is_documented() -> None:
    """In conf.py a docstring below it, in the README's table a row."""
    source = (ROOT / "realtime" / "conf.py").read_text()
    for name in names():
        assert re.search(rf'{name}: .*\n    """[^"]+"""', source), name
        assert hasattr(Settings, name)
        assert f"`{name}`" in (ROOT / "README.md").read_text(), name


def test_files_may_be_kept_for_ever(settings: Any) -> None:
    """By a zero, as the README says; elsewhere a zero is refused."""
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_FILES": 0}
    assert check_settings() == []
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_LOGS": 0}
    assert "KEEP_LOGS" in check_settings()[0].msg
