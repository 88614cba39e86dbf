"""Writes people to their owner's list, each e-mail address once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.models import Person
from core.people.rows import Facts


@dataclass(frozen=True)
class Counts:
    """What became of rows."""

    new: int = 0
    """People who were not in the list."""
    updated: int = 0
    """People of whom something has changed."""
    unchanged: int = 0
    """People of whom the list knew as much."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.new + other.new, self.updated + other.updated, self.unchanged + other.unchanged
        )

    def __str__(self) -> str:
        return f"{self.new:,} new, {self.updated:,} updated, {self.unchanged:,} unchanged"


def save(owner_id: int, source: str, batch: Sequence[Facts]) -> Counts:
    """Write what is new in a batch, as if row by row: of two rows on one person the later wins."""
    known = _known(owner_id, [facts.email for facts in batch])
    changed: dict[str, Person] = {}
    counts = Counts()
    for facts in batch:
        before = known.get(facts.email)
        if before is None:
            counts = replace(counts, new=counts.new + 1)
        elif all(getattr(before, key) == value for key, value in facts.values.items()):
            counts = replace(counts, unchanged=counts.unchanged + 1)
            continue
        else:
            counts = replace(counts, updated=counts.updated + 1)
        person = Person(owner_id=owner_id, email=facts.email, source=source, **facts.values)
        known[facts.email] = changed[facts.email] = person
    _write(changed, {key for facts in batch for key in facts.values})
    return counts


def _known(owner_id: int, emails: Iterable[str]) -> dict[str, Person]:
    found = Person.objects.filter(owner_id=owner_id, email__in=set(emails))
    return {person.email: person for person in found}


def _write(changed: dict[str, Person], fields: set[str]) -> None:
    """Insert or update; in one order, so that two imports cannot wait for each other for ever."""
    Person.objects.bulk_create(
        [changed[email] for email in sorted(changed)],
        update_conflicts=True,
        unique_fields=["owner", "email"],
        update_fields=[*sorted(fields), "source", "changed_at"],
    )
