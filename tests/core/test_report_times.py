"""When reports are due: by the clock on the wall, in its zone, each time once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reports.times import Every, Recurrence, moment_of

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE, SHANGHAI = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Shanghai")
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, SHANGHAI, ZoneInfo("Pacific/Apia")])
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
RULES = st.one_of(
    st.builds(Recurrence, st.sampled_from([Every.DAY, Every.WEEKDAY]), TIMES, ZONES),
    st.builds(
        Recurrence,
        st.just(Every.WEEK),
        TIMES,
        ZONES,
        st.frozensets(st.integers(0, 6), min_size=1),
    ),
    st.builds(Recurrence, st.just(Every.MONTH), TIMES, ZONES, day=st.integers(1, 31)),
)


def local(moments: list[datetime], zone: ZoneInfo) -> list[str]:
    """Return moments as the clock on the wall shows them."""
    return [f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}" for moment in moments]


@pytest.mark.parametrize(
    ("zone", "day", "at", "shown"),
    [
        # Put forward: the time is not there, and the gap's end is.
        (BERLIN, date(2026, 3, 29), time(2, 30), "2026-03-29T03:00:00+02:00"),
        (NEW_YORK, date(2026, 3, 8), time(2, 0), "2026-03-08T03:00:00-04:00"),
        (LORD_HOWE, date(2026, 10, 4), time(2, 15), "2026-10-04T02:30:00+11:00"),
        # Put back: the time is there twice, and the first one counts.
        (BERLIN, date(2026, 10, 25), time(2, 30), "2026-10-25T02:30:00+02:00"),
        (NEW_YORK, date(2026, 11, 1), time(1, 30), "2026-11-01T01:30:00-04:00"),
        (LORD_HOWE, date(2026, 4, 5), time(1, 45), "2026-04-05T01:45:00+11:00"),
        # A zone without summer time, and one that has left a whole day out.
        (SHANGHAI, date(2026, 3, 29), time(2, 30), "2026-03-29T02:30:00+08:00"),
        (ZoneInfo("Pacific/Apia"), date(2011, 12, 30), time(8), "2011-12-31T00:00:00+14:00"),
    ],
)
def test_a_time_that_is_not_there_or_there_twice(
    zone: ZoneInfo, day: date, at: time, shown: str
) -> None:
    """One is the first moment after the gap, the other its first."""
    found = moment_of(day, at, zone)
    assert found.tzinfo == UTC
    assert found.astimezone(zone).isoformat() == shown


def test_the_wall_clocks_time_stays_over_both_changes() -> None:
    """Eight in the morning is eight in the morning, 23, 24 or 25 hours later."""
    rule = Recurrence(Every.DAY, time(8), BERLIN)
    march = rule.after(datetime(2026, 3, 27, 12, tzinfo=UTC), 3)
    assert [moment.hour for moment in march] == [7, 6, 6]
    october = rule.after(datetime(2026, 10, 23, 12, tzinfo=UTC), 3)
    assert [moment.hour for moment in october] == [6, 7, 7]
    assert local(october, BERLIN)[1] == "Sun 2026-10-25 08:00"


def test_weekdays_and_days_of_a_week() -> None:
    """Saturday and Sunday are left out; chosen days are the zone's, not London's."""
    friday = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert local(Recurrence(Every.WEEKDAY, time(8), BERLIN).after(friday, 2), BERLIN) == [
        "Mon 2026-11-30 08:00",
        "Tue 2026-12-01 08:00",
    ]
    monday = Recurrence(Every.WEEK, time(7), SHANGHAI, frozenset({0}))
    assert local(monday.after(friday, 2), SHANGHAI) == [
        "Mon 2026-11-30 07:00",
        "Mon 2026-12-07 07:00",
    ]
    assert monday.after(friday, 1)[0].weekday() == 6, "It is Sunday still in London."


def test_a_month_without_the_day_has_its_last_one() -> None:
    """The 31st is the 28th in February."""
    rule = Recurrence(Every.MONTH, time(8), BERLIN, day=31)
    assert local(rule.after(datetime(2027, 1, 1, tzinfo=UTC), 4), BERLIN) == [
        "Sun 2027-01-31 08:00",
        "Sun 2027-02-28 08:00",
        "Wed 2027-03-31 08:00",
        "Fri 2027-04-30 08:00",
    ]


def test_a_day_that_a_zone_leaves_out_has_no_report() -> None:
    """Samoa went from 29 to 31 December 2011; a clock put forward at midnight leaves none out."""
    apia = Recurrence(Every.DAY, time(2), ZoneInfo("Pacific/Apia"))
    before = datetime(2011, 12, 29, 8, tzinfo=UTC)
    assert local(apia.after(before, 2), apia.zone) == [
        "Thu 2011-12-29 02:00",
        "Sat 2011-12-31 02:00",
    ]
    cairo = Recurrence(Every.DAY, time(0, 30), ZoneInfo("Africa/Cairo"))
    assert local(cairo.after(datetime(2026, 4, 23, 12, tzinfo=UTC), 1), cairo.zone) == [
        "Fri 2026-04-24 01:00"
    ]


def test_a_week_without_days_is_refused() -> None:
    """It would never be due."""
    with pytest.raises(ValueError, match="expected days to hold days of a week"):
        Recurrence(Every.WEEK, time(8), BERLIN)


@given(RULES, MOMENTS)
def test_what_comes_next_is_what_was_last(rule: Recurrence, moment: datetime) -> None:
    """Forwards and backwards are the same moments, each once, none left out."""
    coming = rule.after(moment, 5)
    assert coming == sorted(set(coming))
    assert coming[0] > moment >= rule.last(moment)
    assert rule.last(coming[0] - timedelta(seconds=1)) == rule.last(moment)
    assert [rule.last(due) for due in coming] == coming


@given(st.builds(Recurrence, st.just(Every.DAY), TIMES, ZONES), MOMENTS)
def test_each_day_has_one(rule: Recurrence, moment: datetime) -> None:
    """Whatever is done to the clock, no day has none and no day two, where it has that day."""
    days = [due.astimezone(rule.zone).date() for due in rule.after(moment, 400)]
    assert len(set(days)) == len(days)
    missing = {days[0] + timedelta(n) for n in range(len(days))} - set(days)
    assert missing <= {date(2011, 12, 30)}
