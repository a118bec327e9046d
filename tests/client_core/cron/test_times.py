"""What next_times, times_between and validate_cron promise beside equality with the SDKs."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client_core.cron import (
    CronDialect,
    InvalidCronExpression,
    next_times,
    times_between,
    validate_cron,
)
from client_core.errors import DBOSClientError, InvalidOption

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
DIALECTS: list[CronDialect] = ["python", "typescript"]
both = pytest.mark.parametrize("dialect", DIALECTS)


def spelled(expression: str, **options: Any) -> list[str]:
    return [time.isoformat() for time in next_times(expression, **options)]


@both
def test_five_fields_fire_on_the_minute_and_six_begin_with_the_second(dialect: CronDialect) -> None:
    options: dict[str, Any] = {"dialect": dialect, "after": NEW_YEAR, "count": 2}
    assert spelled("30 4 * * *", **options) == [
        "2026-01-01T04:30:00+00:00",
        "2026-01-02T04:30:00+00:00",
    ]
    assert spelled("15 30 4 * * *", **options)[0] == "2026-01-01T04:30:15+00:00"


@both
def test_times_are_strictly_after(dialect: CronDialect) -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    just_before = noon - timedelta(microseconds=1)
    for after, first in ((noon, 13), (just_before, 12), (noon + timedelta(microseconds=1), 13)):
        assert next_times("0 * * * *", dialect=dialect, after=after, count=1)[0].hour == first


def test_day_and_weekday_are_united_by_python_and_intersected_by_typescript() -> None:
    options: dict[str, Any] = {"after": NEW_YEAR, "count": 2}
    united = spelled("0 0 13 * 5", dialect="python", **options)
    assert united == ["2026-01-02T00:00:00+00:00", "2026-01-09T00:00:00+00:00"]
    intersected = spelled("0 0 13 * 5", dialect="typescript", **options)
    assert intersected == ["2026-02-13T00:00:00+00:00", "2026-03-13T00:00:00+00:00"]


def test_a_skipped_time_is_moved_by_python_and_left_out_by_typescript() -> None:
    options: dict[str, Any] = {
        "timezone": "Europe/Berlin",
        "after": datetime(2026, 3, 28, 12, tzinfo=UTC),
        "count": 1,
    }
    assert spelled("30 2 * * *", dialect="python", **options) == ["2026-03-29T03:00:00+02:00"]
    assert spelled("30 2 * * *", dialect="typescript", **options) == ["2026-03-30T02:30:00+02:00"]


def test_a_repeated_time_is_run_twice_by_typescript() -> None:
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    times = spelled(
        "30 2 * * *", dialect="typescript", timezone="Europe/Berlin", after=after, count=2
    )
    assert times == ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]


@both
def test_leap_days_are_found_and_what_never_comes_ends(dialect: CronDialect) -> None:
    leap_days = next_times("0 0 0 29 2 *", dialect=dialect, after=NEW_YEAR, count=20)
    assert [time.year for time in leap_days[:3]] == [2028, 2032, 2036]
    assert len(leap_days) == 20
    never = {"python": "0 0 31 2 *", "typescript": "0 0 L-30 2 *"}[dialect]
    assert next_times(never, dialect=dialect, after=NEW_YEAR) == []


@both
def test_no_time_lies_beyond_the_calendar(dialect: CronDialect) -> None:
    late = datetime(8999, 12, 31, tzinfo=UTC)
    times = next_times("0 0 29 2 *", dialect=dialect, after=late, count=300)
    assert 230 < len(times) < 300


@both
@pytest.mark.parametrize(
    "expression",
    [
        "1--100000000 * * * *",
        "0-100000000 * * * *",
        "100000000-1 * * * *",
        "0-99999999999999999999 * * * *",
        "*/99999999999999999999 * * * *",
        "9" * 5_000 + " * * * *",
        "* " * 600,
        "1," * 200 + "1 * * * *",
        "",
        "  ",
        "* * * *",
        "* * * * 9",
        "61 * * * *",
        "* 24 * * *",
    ],
)
def test_refusals_say_why(expression: str, dialect: CronDialect) -> None:
    with pytest.raises(InvalidCronExpression) as caught:
        validate_cron(expression, dialect=dialect)
    error = caught.value
    assert isinstance(error, DBOSClientError)
    assert isinstance(error, ValueError)
    assert (error.expression, error.dialect) == (expression, dialect)
    assert error.reason.endswith(".")
    assert error.reason in str(error)
    assert len(str(error)) < 300


def test_the_field_at_fault_is_named() -> None:
    with pytest.raises(InvalidCronExpression, match="'25' as the hour"):
        validate_cron("0 0 25 * * *", dialect="python")
    with pytest.raises(InvalidCronExpression, match="'25' as the hour"):
        validate_cron("0 25 * * *", dialect="typescript")
    with pytest.raises(InvalidCronExpression, match="'31' never comes in the month 'feb'"):
        validate_cron("0 0 31 feb *", dialect="typescript")
    with pytest.raises(InvalidCronExpression, match="together"):
        validate_cron("0 0 * *\u00a0*", dialect="python")


@both
@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe", "x" * 500, "\0"])
def test_an_unknown_zone_is_named(zone: str, dialect: CronDialect) -> None:
    with pytest.raises(InvalidOption) as caught:
        next_times("* * * * *", dialect=dialect, timezone=zone, after=NEW_YEAR)
    assert repr(zone[:100]) in caught.value.problems["timezone"]


def test_typescript_knows_zones_in_any_case() -> None:
    options: dict[str, Any] = {"timezone": "europe/berlin", "after": NEW_YEAR, "count": 1}
    assert spelled("0 0 * * *", dialect="typescript", **options) == ["2026-01-02T00:00:00+01:00"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"after": datetime(2026, 1, 1)}, "after"),
        ({"after": datetime(1900, 1, 1, tzinfo=UTC)}, "after"),
        ({"count": 0}, "count"),
        ({"count": 1_001}, "count"),
        ({"count": True}, "count"),
        ({"dialect": "go"}, "dialect"),
    ],
)
def test_impossible_options_are_named(options: dict[str, Any], field: str) -> None:
    given_options = {"dialect": "python", "after": NEW_YEAR, **options}
    with pytest.raises(InvalidOption) as caught:
        next_times("* * * * *", **given_options)
    assert list(caught.value.problems) == [field]


@both
def test_a_period_excludes_both_its_ends(dialect: CronDialect) -> None:
    options: dict[str, Any] = {"dialect": dialect, "timezone": "Europe/Berlin", "limit": 5}
    start = datetime(2026, 1, 1, 1, tzinfo=BERLIN)
    end = datetime(2026, 1, 1, 4, tzinfo=BERLIN)
    times = times_between("0 * * * *", start=start, end=end, **options)
    assert [time.hour for time in times] == [2, 3]
    assert times_between("0 * * * *", start=end, end=start, **options) == []
    with pytest.raises(InvalidOption, match="more than 5 times"):
        times_between("*/20 * * * *", start=start, end=end, **options)
    del options["limit"]
    assert next_times("0 * * * *", after=start, until=end, **options) == times
    assert len(next_times("0 * * * *", after=start, until=end, count=1, **options)) == 1
    options["limit"] = 5
    exact = times_between("0 0 1 1 *", start=NEW_YEAR, end=end + timedelta(days=5 * 366), **options)
    assert len(exact) == 5


minutes = st.sampled_from(["*", "0", "*/7", "30", "59", "5-10"])
hours = st.sampled_from(["*", "0", "1-3", "2", "23", "*/5"])
days = st.sampled_from(["*", "1", "15W", "29", "L", "10-20"])
weekdays = st.sampled_from(["*", "0", "1-5", "1#2", "sat"])
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns"]
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@settings(max_examples=150, deadline=None)
@given(st.tuples(minutes, hours, days, st.just("*"), weekdays), zones, moments)
@both
def test_times_rise_strictly_and_lie_in_the_zone(
    dialect: CronDialect, fields: tuple[str, ...], zone: str, after: datetime
) -> None:
    times = next_times(" ".join(fields), dialect=dialect, timezone=zone, after=after, count=5)
    instants = [after, *(time.astimezone(UTC) for time in times)]
    assert all(earlier < later for earlier, later in pairwise(instants))
    assert all(time.tzinfo == ZoneInfo(zone) and time.second == 0 for time in times)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="0123456789*,-/?LW# jansu@", max_size=40) | st.text(max_size=40))
@both
def test_any_text_is_read_or_refused(dialect: CronDialect, text: str) -> None:
    try:
        validate_cron(text, dialect=dialect)
    except InvalidCronExpression:
        return
    assert len(text.split()) in (1, 5, 6, 7)
