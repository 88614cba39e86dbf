"""What the words of a search mean to the database, for who searches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import F, FloatField, Func, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from realtime import finding, search
from realtime.errors import BadSearch
from realtime.finding import Rest, Wanted, either
from realtime.models import Job
from realtime.problems import bad_request
from realtime.queries import moment_of, searched
from realtime.reach import Reach
from realtime.search import Term
from realtime.tagged import tagged
from realtime.task_names import names_like, queues_like


class Seconds(Func):
    """How many seconds are between two moments, the later one first."""

    arity = 2
    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """Say it in SQLite's words; a function of Python's would be called for each row."""
        days = "(julianday(%(expressions)s)) * 86400.0"
        more |= {"template": days, "arg_joiner": ") - julianday("}
        return self.as_sql(compiler, connection, **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """Say it in PostgreSQL's words."""
        epoch = "EXTRACT(EPOCH FROM (%(expressions)s))"
        more |= {"template": epoch, "arg_joiner": " - "}
        return self.as_sql(compiler, connection, **more)


def meant(asked: Mapping[str, str], person: Any, reach: Reach) -> Wanted:
    """Return which jobs the words of a query mean, of those that a person of this reach sees.

    Raises a `Problem` where they cannot be understood.
    """
    wanted = finding.visible(person.pk, reach)
    asked = {word: searched(said) for word, said in asked.items()}
    for word, mean in _WORDS.items():
        if said := asked.get(word):
            wanted = mean(wanted, said)
    try:
        for term in search.parsed(asked.get("q", "")):
            _check_told(term, everybodys=reach is None)
            mean_key = partial(_owner, person) if term.key == "owner" else _KEYS[term.key]
            wanted = mean_key(wanted, term)
    except BadSearch as error:
        raise bad_request(error.what, error.wanted, error.got) from error
    return wanted


def unfinished(wanted: Wanted) -> Wanted:
    """Leave out what has ended."""
    return _one_of(wanted, [Q(status=status) for status in search.UNFINISHED])


def without(wanted: Wanted, job: str) -> Wanted:
    """Leave out one job."""
    return _rest(wanted, lambda found: found.exclude(pk=job)) if job else wanted


def of_tree(wanted: Wanted, root: str) -> Wanted:
    """Leave out what is of another tree."""
    return _one_of(wanted, [Q(root=root)])


def _one_of(wanted: Wanted, values: Iterable[Q]) -> Wanted:
    return replace(wanted, any_of=(*wanted.any_of, tuple(values)))


def _rest(wanted: Wanted, rest: Rest) -> Wanted:
    return replace(wanted, rest=(*wanted.rest, rest))


def _known(wanted: Wanted, term: Term, values: list[Q]) -> Wanted:
    """Let an index find what has one of these values, or leave those out."""
    if not term.negative:
        return _one_of(wanted, values)
    return _rest(wanted, lambda found: found.exclude(either(values)) if values else found)


def _status(wanted: Wanted, term: Term) -> Wanted:
    values = (one for said in term.values for one in search.GROUPS.get(said, (said,)))
    return _known(wanted, term, [Q(status=value) for value in dict.fromkeys(map(str, values))])


def _task(wanted: Wanted, term: Term) -> Wanted:
    names = [name for pattern in term.values for name in names_like(pattern)]
    return _known(wanted, term, [Q(name=name) for name in dict.fromkeys(names)])


def _check_told(term: Term, *, everybodys: bool) -> None:
    """Refuse to tell by a search what a job's owner is not told: where it was sent."""
    if term.key == "queue" and not everybodys:
        raise BadSearch(term.key, "asked for by operators alone", ",".join(term.values))


def _queue(wanted: Wanted, term: Term) -> Wanted:
    names = [name for pattern in term.values for name in queues_like(pattern)]
    return _known(wanted, term, [Q(queue=name) for name in dict.fromkeys(names)])


def _owner(person: Any, wanted: Wanted, term: Term) -> Wanted:
    people = get_user_model()
    named = people.objects.filter(Q((f"{people.USERNAME_FIELD}__in", term.values)))
    found: set[Any] = set(named.values_list("pk", flat=True))
    found |= {person.pk} if "me" in term.values else set()
    found |= {None} if "nobody" in term.values else set()
    return _known(wanted, term, [Q(("owner_id", one)) for one in found])


def _id(wanted: Wanted, term: Term) -> Wanted:
    jobs = {_uuid(said, term.key) for said in term.values}
    return _known(wanted, term, [Q((term.key, job)) for job in jobs])


def _uuid(said: str, key: str) -> UUID:
    try:
        return UUID(said)
    except ValueError as error:
        raise BadSearch(key, "the id of a job", said) from error


def _tag(wanted: Wanted, term: Term) -> Wanted:
    return _rest(wanted, partial(tagged, tags=term.values, negative=term.negative))


def _text(wanted: Wanted, term: Term) -> Wanted:
    [said] = term.values
    try:
        return _known(wanted, term, [Q(pk=UUID(said))])
    except ValueError:
        has = Q(title__icontains=said) | Q(name__icontains=said)
        return _rest(wanted, lambda found: found.filter(~has if term.negative else has))


def _age(wanted: Wanted, term: Term) -> Wanted:
    one = search.span(term.values[0], term.key)
    border = timezone.now() - one.length
    older = one.longer is not term.negative
    between = Q(queued_at__lt=border) if older else Q(queued_at__gte=border)
    return replace(wanted, between=wanted.between & between)


def _duration(wanted: Wanted, term: Term) -> Wanted:
    one = search.span(term.values[0], term.key)
    longer = one.longer is not term.negative

    def lasted(found: QuerySet[Job]) -> QuerySet[Job]:
        until = Coalesce(F("finished_at"), Value(timezone.now()))
        found = found.filter(started_at__isnull=False)
        found = found.alias(lasted=Seconds(until, F("started_at")))
        seconds = one.length.total_seconds()
        return found.filter(lasted__gt=seconds) if longer else found.filter(lasted__lte=seconds)

    return _rest(wanted, lasted)


_KEYS: dict[str, Callable[[Wanted, Term], Wanted]] = {
    "status": _status,
    "task": _task,
    "queue": _queue,
    "id": _id,
    "root": _id,
    "tag": _tag,
    "text": _text,
    "age": _age,
    "duration": _duration,
}
"""What each word means to whoever says it; that of an owner depends on who that is."""


def _since(wanted: Wanted, said: str) -> Wanted:
    moment = moment_of("since", said)
    return replace(wanted, between=wanted.between & Q(queued_at__gte=moment))


def _owned(wanted: Wanted, said: str) -> Wanted:
    try:
        # Cleaned first: a number that no column holds would fail only when rows are read.
        person = get_user_model()._meta.pk.clean(said, None)  # noqa: SLF001  Django's own way
    except ValidationError:
        return _one_of(wanted, [])
    return _one_of(wanted, [Q(("owner_id", person))])


_WORDS: dict[str, Callable[[Wanted, str], Wanted]] = {
    "status": lambda wanted, said: _one_of(wanted, [Q(status=said)]),
    "name": lambda wanted, said: _one_of(wanted, [Q(name=said)]),
    "owner": _owned,
    "tag": lambda wanted, said: _rest(wanted, partial(tagged, tags=(said,))),
    "since": _since,
}
"""Words of a query beside `q`: each has one value, as it is written."""
