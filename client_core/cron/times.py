"""When a schedule fires, in the dialect of the language that runs it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Any, Literal, get_args

from client_core.cron import python, typescript
from client_core.cron.bounds import bounds_rule
from client_core.cron.errors import InvalidCronExpression
from client_core.cron.zones import zone_of
from client_core.errors import InvalidOption

CronDialect = Literal["python", "typescript"]

#: Of one call to :func:`next_times`.
MAX_COUNT = 1_000
#: Of one call to :func:`times_between`.
MAX_LIMIT = 100_000
_FIRST_YEAR, _LAST_YEAR = 1970, 9_000


def validate_cron(expression: str, *, dialect: CronDialect) -> None:
    """Checks an expression as the SDK of the language does when a schedule is created.

    Raises :class:`InvalidCronExpression` for what that language refuses, and for expressions so
    large that nobody means them (see ``bounds``).
    """
    _check_dialect(dialect)
    if reason := bounds_rule(expression):
        raise InvalidCronExpression(str(expression), dialect, reason)
    if dialect == "python":
        python.validate(expression)
    else:
        typescript.validate(expression)


def next_times(
    expression: str,
    *,
    dialect: CronDialect,
    timezone: str | None = None,
    after: datetime,
    until: datetime | None = None,
    count: int = 10,
) -> list[datetime]:
    """The next times strictly after ``after``, in the schedule's zone (UTC without one).

    They are those of the language's live scheduler. Fewer than ``count``, or none, come back when
    those that follow are not before ``until``, or when it would find no more: Python searches 50
    years for each, TypeScript a hundred.

    Raises :class:`InvalidCronExpression`, and :class:`InvalidOption` for a zone that does not
    exist, a time without zone and a count outside 1 … 1,000.
    """
    ends = {} if until is None else {"until": until}
    _check(_count_problems("count", count, MAX_COUNT) | _time_problems(after=after, **ends))
    times = _times(expression, dialect, timezone, after)
    return list(islice(_before(until, times) if until else times, count))


def times_between(
    expression: str,
    *,
    dialect: CronDialect,
    timezone: str | None = None,
    start: datetime,
    end: datetime,
    limit: int,
) -> list[datetime]:
    """The times that a backfill runs: after ``start`` and before ``end``, both exclusive.

    Raises as :func:`next_times` does, and :class:`InvalidOption` when there are more than
    ``limit`` (1 … 100,000).
    """
    _check(_count_problems("limit", limit, MAX_LIMIT) | _time_problems(start=start, end=end))
    times = _before(end, _times(expression, dialect, timezone, start))
    found = list(islice(times, limit))
    if next(times, None) is not None:
        rule = f"the schedule fires more than {limit:,} times in this period"
        raise InvalidOption({"limit": rule})
    return found


def _before(end: datetime, times: Iterator[datetime]) -> Iterator[datetime]:
    return takewhile(lambda time: time.astimezone(UTC) < end, times)


def _times(
    expression: str, dialect: CronDialect, timezone: str | None, after: datetime
) -> Iterator[datetime]:
    validate_cron(expression, dialect=dialect)
    zone = zone_of(timezone, dialect=dialect)
    if dialect == "python":
        return python.times(expression, zone, after)
    return typescript.times(expression, zone, after)


def _check_dialect(dialect: str) -> None:
    if dialect not in get_args(CronDialect):
        raise InvalidOption({"dialect": "must be “python” or “typescript”"})


def _check(problems: dict[str, str]) -> None:
    if problems:
        raise InvalidOption(problems)


def _count_problems(name: str, value: Any, most: int) -> dict[str, str]:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return {}
    return {name: f"must be a whole number from 1 to {most:,}"}


def _time_problems(**times: datetime) -> dict[str, str]:
    problems = {}
    for name, time in times.items():
        if time.tzinfo is None or time.utcoffset() is None:
            problems[name] = "must have a time zone"
        elif not _FIRST_YEAR <= time.year < _LAST_YEAR:
            problems[name] = f"must lie between the years {_FIRST_YEAR} and {_LAST_YEAR}"
    return problems
