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
        self._confined: dict[Mailbox, list[str]] = {}
        """Who watches all that they see, which is not everybody's; by which keys."""

    def add(self, mailbox: Mailbox, topic: str) -> bool:
        """Register a socket; returns whether the topic was watched before."""
        if topic == "all" and not mailbox.operator:
            self.remove(mailbox, topic)
            self._confined[mailbox] = keys = _keys_of_all(mailbox)
        else:
            keys = [_key(mailbox, topic)]
        alive = [self._add(mailbox, key) for key in keys]
        return all(alive)

    def remove(self, mailbox: Mailbox, topic: str) -> None:
        """Forget a socket."""
        if topic == "all":
            # As it was when it began to watch: by now it may see more, or less.
            for key in self._confined.pop(mailbox, ()):
                self._remove(mailbox, key)
        self._remove(mailbox, _key(mailbox, topic))

    def _add(self, mailbox: Mailbox, key: str) -> bool:
        watchers = self._by_topic.setdefault(key, set())
        alive = bool(watchers)
        watchers.add(mailbox)
        return alive

    def _remove(self, mailbox: Mailbox, key: str) -> None:
        watchers = self._by_topic.get(key, set())
        watchers.discard(mailbox)
        if not watchers:
            self._by_topic.pop(key, None)

    def of(self, state: State) -> Collection[Mailbox]:
        """Return who is sent a state: to be read at once, it may be the register itself.

        So the jobs of everybody, which nobody watches more closely, have one and the same set.
        """
        job, tree, *lists = topics_of(state)
        lists += self._of_confined(state)
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
        topics = (*topics_of(state), f"log:{state['id']}", *self._of_confined(state))
        return any(topic in self._by_topic for topic in topics)

    def follow_closely(self, state: State) -> bool:
        """Tell whether anybody watches a job other than with the jobs of everybody."""
        return any(topic in self._by_topic for topic in topics_of(state)[:-1])

    def _of_confined(self, state: State) -> list[str]:
        """Return the keys of those who watch all that they see, for a job that is among it."""
        if not self._confined:
            return []
        return [f"own:{state['owner']}", *(f"tag:{tag}" for tag in state.get("tags") or ())]

    def topics(self) -> list[str]:
        """Return what is watched, each topic once; `mine` and `notices` with their person.

        `all` of those who do not see everybody's jobs is told by tag, and `own` of a person.
        """
        return list(self._by_topic)

    def lists(self) -> Lists:
        """Return the lists that are watched."""
        return Lists(
            owners=[*self._named("mine:"), *self._named("own:")],
            roots=self._named("tree:"),
            tags=self._named("tag:"),
            everything="all" in self._by_topic,
        )

    def logs(self) -> list[str]:
        """Return the jobs whose logs are watched."""
        return self._named("log:")

    def _named(self, kind: str) -> list[str]:
        return [topic[len(kind) :] for topic in self._by_topic if topic.startswith(kind)]


def _keys_of_all(mailbox: Mailbox) -> list[str]:
    """Return by which keys all is found that a viewer sees who does not see everybody's jobs."""
    return [f"own:{mailbox.user}", *(f"tag:{tag}" for tag in mailbox.tags)]


def _key(mailbox: Mailbox, topic: str) -> str:
    return f"{topic}:{mailbox.user}" if topic in {"mine", "notices"} else topic
