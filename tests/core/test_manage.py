"""The command line itself."""

from __future__ import annotations

import pytest

import manage


def test_an_interrupted_command_leaves_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while Django is still being imported ends it as Ctrl-C ends any program."""

    def interrupted(_: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("django.core.management.execute_from_command_line", interrupted)
    with pytest.raises(SystemExit) as end:
        manage.main()
    assert end.value.code == 130
