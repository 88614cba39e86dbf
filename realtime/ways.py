"""By which ways people want to be told: what each has chosen, else what the settings say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from realtime.conf import USUAL_WAYS, conf
from realtime.errors import StoreAway
from realtime.events import NoticeKind, Way
from realtime.models import NoticeWays
from realtime.store import get_store


class Route(NamedTuple):
    """How a notice reaches its person."""

    ways: list[str]
    """By which ways; by none, nothing is written."""
    mailed: bool
    """Whether it is to be mailed, for its person is away."""


def of(person: str) -> dict[str, list[str]]:
    """Return the ways of each kind of notice, in their order."""
    chosen = NoticeWays.objects.filter(Q(("person_id", person))).values_list("kind", "ways")
    said = {**USUAL_WAYS, **conf.NOTICE_WAYS, **{kind: ways.split() for kind, ways in chosen}}
    return {str(kind): _ordered(said[kind]) for kind in NoticeKind}


def routes(told: Collection[tuple[str, NoticeKind]]) -> dict[tuple[str, NoticeKind], Route]:
    """Return how notices of these people and kinds reach them now."""
    if not told:
        return {}
    chosen = {person: of(person) for person in {person for person, _ in told}}
    mailed = {person for person, kind in told if Way.MAIL in chosen[person][kind]}
    away = _away(sorted(mailed))
    return {
        (person, kind): Route(ways, Way.MAIL in ways and person in away)
        for person, kind in told
        for ways in (chosen[person][kind],)
    }


def _away(people: list[str]) -> set[str]:
    """Return who has no socket anywhere; while nobody can tell, all: nothing reaches them live."""
    try:
        return get_store().absent(people) if people else set()
    except StoreAway:
        return set(people)


def choose(person: str, said: Mapping[str, Collection[str]]) -> None:
    """Keep what a person wants of these kinds; what was told before stays as it was told."""
    rows = [
        NoticeWays(person_id=person, kind=kind, ways=" ".join(_ordered(ways)))
        for kind, ways in said.items()
    ]
    with transaction.atomic():
        NoticeWays.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["person", "kind"],
            update_fields=["ways"],
        )


def _ordered(ways: Collection[str]) -> list[str]:
    return [str(way) for way in Way if way in ways]
