"""Who may see and do what."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from realtime.calls import ITEMS, WHOLE
from realtime.events import ENDS, Status, Wish, timestamp
from realtime.history import history
from realtime.line import line
from realtime.states import State, read_one


class Role(StrEnum):
    """As what somebody sees a job; a state differs by role alone."""

    OWNER = "owner"
    OPERATOR = "operator"

    __hash__ = str.__hash__  # Enum's is written in Python, and asked for each frame.


VIEW_ALL = "realtime.view_all_jobs"
SAFE_TEXT = "The job stopped because of an error."
HIDDEN = ("final", "held", "planned", "queue", "redelivers", "repeats", "size", "ttl", "wants")
"""What the service keeps for itself."""
ACTIONS: dict[str, tuple[str, ...]] = {
    Status.QUEUED: ("cancel",),
    Status.RUNNING: ("cancel", "pause"),
    Status.PAUSED: ("cancel", "resume"),
    Status.WAITING: ("cancel", "answer"),
    Status.RETRYING: ("cancel",),
}
"""What may be done to a job by who may steer it: by each role there is."""


def is_operator(user: Any) -> bool:
    """Tell whether a user may see everybody's jobs; this may ask the database."""
    return bool(user.is_active and user.has_perm(VIEW_ALL))


def role_of(user_id: str, state: State, *, operator: bool) -> Role | None:
    """Return as what a user sees a job, None when it is none of theirs."""
    if operator:
        return Role.OPERATOR
    return Role.OWNER if state["owner"] is not None and state["owner"] == user_id else None


def view(state: State, role: Role) -> State:
    """Return the state as this role sees it: redacted, with the time left and what it may do."""
    seen = {
        **state,
        **history.told(state),
        "error": _error(state["error"], role),
        "actions": _actions(state),
        "position": state["position"] or None,
        "children": state.get("children"),
        "files": [file for file in state["files"] if not is_over(file)],
    }
    for hidden in HIDDEN:
        seen.pop(hidden, None)
    return seen


def visible_state(user: Any, job: str) -> State | None:
    """Return a job as a user may see it, None when it is unknown or none of theirs."""
    if not user.is_authenticated:
        return None
    try:
        state = read_one(str(UUID(job)))
    except ValueError:
        return None
    if state is None:
        return None
    own = role_of(str(user.pk), state, operator=False)
    role = Role.OPERATOR if is_operator(user) else own
    return shown(state, role) if role else None


def shown(state: State, role: Role) -> State:
    """Return the same to who can wait until its earlier runs, and its place, are read."""
    history.learn(history.stale([state]))
    line.look([state])
    return view(line.placed(state), role)


def may_control(user: Any, state: State) -> bool:
    """Tell whether a user may steer a job."""
    return state["owner"] == str(user.pk) or bool(user.has_perm("realtime.control_all_jobs"))


def is_over(file: dict[str, Any]) -> bool:
    """Tell whether a file is kept no longer."""
    until = file.get("expires_at")
    return until is not None and until <= timestamp()


def _actions(state: State) -> list[str]:
    wants, status = state.get("wants"), state["status"]
    if status in ENDS:
        return _repeats(state)
    if wants == Wish.CANCEL:
        return []
    if state.get("held"):
        return ["cancel"]
    # A pause that its task has not come to yet can be taken back.
    about_to_pause = wants == Wish.PAUSE and status == Status.RUNNING
    return list(ACTIONS.get(Status.PAUSED if about_to_pause else status, ()))


def _repeats(state: State) -> list[str]:
    """Return how an ended job can be run again."""
    if state.get("repeats") not in {WHOLE, ITEMS}:
        return []
    failed = state["repeats"] == ITEMS and state["failed"]
    return ["again", "again_failed"] if failed else ["again"]


def _error(error: dict[str, Any] | None, role: Role) -> dict[str, Any] | None:
    if error is None:
        return None
    told = error["text"] if role is Role.OPERATOR or error.get("public") else SAFE_TEXT
    return {"kind": error["kind"], "text": told}
