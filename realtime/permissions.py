"""Who may see and do what."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from realtime import reach, shares
from realtime.calls import BACKGROUND, ITEMS, WHOLE
from realtime.conf import conf
from realtime.events import ENDS, Status, Wish, timestamp
from realtime.failure import safe_text
from realtime.history import history
from realtime.language import translated
from realtime.line import line
from realtime.reach import OWN, Reach, reaches
from realtime.states import State, read_one


class Role(StrEnum):
    """As what somebody sees a job; a state differs by role alone."""

    OWNER = "owner"
    OPERATOR = "operator"
    GUEST = "guest"
    """With a share token, perhaps without an account."""

    __hash__ = str.__hash__  # Enum's is written in Python, and asked for each frame.


VIEW_ALL = "realtime.view_all_jobs"
CONTROL_ALL = "realtime.control_all_jobs"
CONTROL_WORKERS = "realtime.control_workers"
MANAGE_ALERTS = "realtime.manage_alerts"
HIDDEN = (
    *("final", "held", "planned", "queue", "redelivers", "repeats", "size", "ttl", "wants"),
    *("language", "rested", "urgency", "weight"),
)
"""What the service keeps for itself."""
NOT_FOR_GUESTS: State = {
    "owner": None,
    "worker": None,
    "again_of": None,
    "question": None,
    "tags": [],
    "files": [],
    "log": 0,
    "actions": [],
}
"""What a guest is told in the place of what a share token does not show."""
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
    return reach_of(user) is None


def reach_of(user: Any) -> Reach:
    """Return whose jobs a user may see besides their own; this may ask the database."""
    return reach.of(user) if _sees_others(user) else OWN


def is_confined(user: Any) -> bool:
    """Tell whether a user may see others' jobs, but not everybody's."""
    return _sees_others(user) and reach.of(user) is not None


def _sees_others(user: Any) -> bool:
    return bool(user.is_active and user.has_perm(VIEW_ALL))


def role_of(user_id: str, state: State, seen: Reach) -> Role | None:
    """Return as what a user with this reach sees a job, None when it is none of theirs."""
    if reaches(seen, state):
        return Role.OPERATOR
    return Role.OWNER if state["owner"] is not None and state["owner"] == user_id else None


def is_shared(job: str, state: State) -> bool:
    """Tell whether a token that shows this job shows a state: that of the job, or of its tree."""
    return job in {state["id"], state["root"]}


def view(state: State, role: Role) -> State:
    """Return the state as this role sees it: redacted, with the time left and what it may do."""
    seen = {
        **state,
        **history.told(state),
        "error": _error(state, role),
        "actions": _actions(state),
        "position": state["position"] or None,
        "children": state.get("children"),
        "files": [file for file in state["files"] if not is_over(file)],
    }
    if role is Role.GUEST:
        seen.update(NOT_FOR_GUESTS)
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
    role = role_of(str(user.pk), state, reach_of(user))
    return shown(state, role) if role else None


def shared_state(token: str, job: str) -> State | None:
    """Return a job as a guest with this token sees it, None where the token does not show it."""
    by = shares.shared([token]).get(token)
    state = read_one(job) if by else None
    return shown(state, Role.GUEST) if state and by and is_shared(by, state) else None


def shown(state: State, role: Role) -> State:
    """Return the same to who can wait until its earlier runs, and its place, are read."""
    history.learn(history.stale([state]))
    line.look([state])
    return view(line.placed(state), role)


def may_control(user: Any, state: State) -> bool:
    """Tell whether a user may steer a job; where there is a REACH, no other than they see."""
    if state["owner"] == str(user.pk):
        return True
    return bool(user.has_perm(CONTROL_ALL)) and (not conf.REACH or reaches(reach_of(user), state))


def may_control_workers(user: Any) -> bool:
    """Tell whether a user may pause queues, and stop and resize workers: these are everybody's."""
    return bool(user.is_active and user.has_perm(CONTROL_WORKERS)) and not is_confined(user)


def may_manage_alerts(user: Any) -> bool:
    """Tell whether a user may make alert rules, which tell of everybody's jobs."""
    return is_operator(user) and bool(user.has_perm(MANAGE_ALERTS))


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
    if state.get("held") and state["id"] != state["root"]:
        return ["cancel"]
    if state.get("repeats") == BACKGROUND and not state.get("held"):
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


def _error(state: State, role: Role) -> dict[str, Any] | None:
    error = state["error"]
    if error is None:
        return None
    told = error["text"] if role is Role.OPERATOR else safe_text(error)
    return {"kind": error["kind"], "text": translated(told, state.get("language") or "")}
