"""What there is to say about the people in somebody's address list."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.models import Person
from core.reports.facts import Cell, Chart, Facts, Table
from realtime import progress

CITIES = 10
NEWEST = 10


def gather(owner: User, at: datetime) -> Facts:
    """Count the owner's people."""
    people = Person.objects.filter(owner=owner)
    steps: list[Callable[[], Table]] = [
        lambda: by_city(people),
        lambda: by_decade(people),
        lambda: newest(people, at),
    ]
    tables = [step() for step in progress.track(steps, unit=pgettext("unit", "table"))]
    name = owner.get_full_name() or owner.get_username()
    about = _("The people of %(name)s") % {"name": name}
    return Facts(_("People report"), about, at, totals(people), tables)


def totals(people: "QuerySet[Person]") -> Sequence[tuple[str, Cell]]:
    """Return the numbers that matter most."""
    counts = people.aggregate(
        people=Count("pk"),
        cities=Count("city", distinct=True, filter=~Q(city="")),
        birthdays=Count("birthday"),
    )
    return (
        (_("People"), counts["people"]),
        (_("Cities"), counts["cities"]),
        (_("With a birthday"), counts["birthdays"]),
    )


def by_city(people: "QuerySet[Person]") -> Table:
    """Return where most of them live, and how many live elsewhere or nobody knows where."""
    counts = people.order_by().values_list("city").annotate(n=Count("pk")).order_by("-n", "city")
    known = counts.exclude(city="")
    rows: list[list[Cell]] = [list(row) for row in known[:CITIES]]
    others = sum(n for _city, n in known[CITIES:])
    unknown = people.filter(city="").count()
    rows += [[name, n] for name, n in ((_("Elsewhere"), others), (_("Unknown"), unknown)) if n]
    columns = (_("City"), _("People"))
    return Table(_("Where they live"), columns, rows, Chart.LYING, unit=_("people"))


def by_decade(people: "QuerySet[Person]") -> Table:
    """Return in which decade they were born."""
    born = people.order_by().exclude(birthday=None).values_list(ExtractYear("birthday"))
    decades: dict[int, int] = {}
    for year, n in born.annotate(n=Count("pk")):
        decades[year // 10 * 10] = decades.get(year // 10 * 10, 0) + n
    between = range(min(decades, default=0), max(decades, default=-10) + 10, 10)
    rows: list[list[Cell]] = [
        [_("%(year)ds") % {"year": decade}, decades.get(decade, 0)] for decade in between
    ]
    columns = (_("Born in the"), _("People"))
    return Table(_("When they were born"), columns, rows, Chart.STANDING, unit=_("people"))


def newest(people: "QuerySet[Person]", at: datetime) -> Table:
    """Return who was added last."""
    rows: list[list[Cell]] = [
        [one.name, one.email, one.city, one.added_at.astimezone(at.tzinfo).date().isoformat()]
        for one in people.order_by("-added_at", "-pk")[:NEWEST]
    ]
    columns = (_("Name"), _("E-mail"), _("City"), _("Added"))
    return Table(_("The newest"), columns, rows)
