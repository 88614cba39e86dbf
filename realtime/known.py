"""The newest states that a web process knows, each encoded at most once for each role."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from realtime import protocol
from realtime.events import ENDS, timestamp
from realtime.permissions import Role, view
from realtime.states import State
from realtime.wire import Message, message

LARGEST = 20_000
"""States kept in memory; others are read again."""
DOUBTS = 5
"""How often a store that has forgotten a job is asked about its end."""


class Known:
    """One job's newest state, encoded at most once for each role."""

    __slots__ = (
        "_frames",
        "_texts",
        "_until",
        "doubts",
        "ended",
        "id",
        "owner",
        "seq",
        "state",
        "tags",
    )

    def __init__(self, state: State) -> None:
        """Hold a state."""
        self.state = state
        self.id: str = state["id"]
        self.seq: int = state["seq"]
        self.owner: str | None = state["owner"]
        self.tags: list[str] = state.get("tags") or []
        self.ended: bool = state["status"] in ENDS
        self.doubts = DOUBTS
        """How often the store may still be asked whether it knows this end otherwise."""
        self._texts: dict[Role, str] = {}
        self._frames: dict[Role, Message] = {}
        self._until = _first_expiry(state)

    def frame(self, role: Role) -> Message:
        """Return the frame of this state alone; many sockets share it."""
        if self._until and self._until <= timestamp():
            self._forget()
        if role not in self._frames:
            self._frames[role] = message(protocol.jobs([self.text(role)]))
        return self._frames[role]

    def text(self, role: Role) -> str:
        """Return the state as this role sees it, as JSON."""
        if self._until and self._until <= timestamp():
            self._forget()
        if role not in self._texts:
            self._texts[role] = protocol.encode_state(view(self.state, role))
        return self._texts[role]

    def _forget(self) -> None:
        """Encode anew: a file is kept no longer."""
        self._texts.clear()
        self._frames.clear()
        self._until = _first_expiry(self.state)


def _first_expiry(state: State) -> str | None:
    """Return when the next file of a job expires, None for never."""
    left = [one["expires_at"] for one in state["files"] if one.get("expires_at")]
    return min((at for at in left if at > timestamp()), default=None) if left else None


class KnownStates:
    """The newest state of each job that somebody watches; the longest unchanged go first."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: OrderedDict[str, Known] = OrderedDict()
        self.get = self._known.get
        """Return what is known of a job."""

    def is_news(self, state: State) -> bool:
        """Tell whether a state is newer than what is known; only an end follows an end."""
        known = self._known.get(state["id"])
        if known is None:
            return True
        return known.seq < state["seq"] and (not known.ended or state["status"] in ENDS)

    def keep(self, state: State) -> None:
        """Hold a state."""
        self._known[state["id"]] = Known(self._risen(state))
        self._known.move_to_end(state["id"])
        if len(self._known) > LARGEST:
            self._known.popitem(last=False)

    def _risen(self, state: State) -> State:
        """Return a state whose bar does not go back: that of a tree may, once the store lost all.

        Several processes tell of a root, and each knows only how far it has told it itself.
        """
        known = self._known.get(state["id"])
        if not (known and state.get("held") and known.state["attempt"] == state["attempt"]):
            return state
        best = known.state["fraction"]
        return {**state, "fraction": best} if best and best > (state["fraction"] or 0) else state

    def __contains__(self, job: str) -> bool:
        return job in self._known

    def __iter__(self) -> Iterator[Known]:
        return iter(list(self._known.values()))
