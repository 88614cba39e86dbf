"""Which sockets of a web process watch which topics."""

from __future__ import annotations

from collections.abc import Collection

from realtime.events import topics_of
from realtime.mailbox import Mailbox
from realtime.reading import Lists
from realtime.states import State


class Watchers:
    """Sockets by topic; a topic that nobody watches is not in it."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._by_topic: dict[str, set[Mailbox]] = {}

    def add(self, mailbox: Mailbox, topic: str) -> bool:
        """Register a socket; returns whether the topic was watched before."""
        watchers = self._by_topic.setdefault(_key(mailbox, topic), set())
        alive = bool(watchers)
        watchers.add(mailbox)
        return alive

    def remove(self, mailbox: Mailbox, topic: str) -> None:
        """Forget a socket."""
        key = _key(mailbox, topic)
        watchers = self._by_topic.get(key, set())
        watchers.discard(mailbox)
        if not watchers:
            self._by_topic.pop(key, None)

    def of(self, state: State) -> Collection[Mailbox]:
        """Return who is sent a state: to be read at once, it may be the register itself.

        So the jobs of everybody, which nobody watches more closely, have one and the same set.
        """
        job, tree, *lists = topics_of(state)
        found = [watchers for one in (job, *lists) if (watchers := self._by_topic.get(one))]
        if (above := self._by_topic.get(tree)) and (
            below := {one for one in above if one.shows(state["id"], state["root"])}
        ):
            found.append(below)
        return found[0] if len(found) == 1 else set().union(*found)

    def of_log(self, job: str) -> Collection[Mailbox]:
        """Return who is sent the lines of a job's log."""
        return self._by_topic.get(f"log:{job}", ())

    def of_notices(self, person: str) -> Collection[Mailbox]:
        """Return the sockets that are sent a person's notices."""
        return self._by_topic.get(f"notices:{person}", ())

    def notices(self) -> list[str]:
        """Return the people whose notices are watched."""
        return self._named("notices:")

    def follow(self, state: State) -> bool:
        """Tell whether anybody watches a job in any way."""
        topics = (*topics_of(state), f"log:{state['id']}")
        return any(topic in self._by_topic for topic in topics)

    def follow_closely(self, state: State) -> bool:
        """Tell whether anybody watches a job other than with the jobs of everybody."""
        return any(topic in self._by_topic for topic in topics_of(state)[:-1])

    def topics(self) -> list[str]:
        """Return what is watched, each topic once; `mine` and `notices` with their person."""
        return list(self._by_topic)

    def lists(self) -> Lists:
        """Return the lists that are watched."""
        return Lists(
            owners=self._named("mine:"),
            roots=self._named("tree:"),
            everything="all" in self._by_topic,
        )

    def logs(self) -> list[str]:
        """Return the jobs whose logs are watched."""
        return self._named("log:")

    def _named(self, kind: str) -> list[str]:
        return [topic[len(kind) :] for topic in self._by_topic if topic.startswith(kind)]


def _key(mailbox: Mailbox, topic: str) -> str:
    return f"{topic}:{mailbox.user}" if topic in {"mine", "notices"} else topic
