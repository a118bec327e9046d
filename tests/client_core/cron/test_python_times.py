"""Equality with croniter, called exactly as the scheduler of the Python SDK calls it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter

from client_core.cron import InvalidCronExpression, next_times, validate_cron
from tests.client_core.cron.grid import grid, random_expressions

GRID = grid(edges=(-3 * 3600, 1799), zones=9)
RANDOM_FIELDS = ("r", "R")
#: On 30 December 2011 this zone skipped a whole day, which croniter crosses second by second; that
#: takes it seconds an expression, so the change is left out here.
SKIPPED_DAY = "Pacific/Apia"


def fired(expression: str, zone: str, after: int, count: int) -> list[str]:
    """The loop of ``_ScheduleThread``, which dies with an error when there is no next time."""
    start = datetime.fromtimestamp(after, ZoneInfo(zone))
    it = croniter(expression, start, second_at_beginning=True)
    times = []
    for _ in range(count):
        try:
            times.append(it.get_next(datetime).isoformat())
        except ValueError:
            break
    return times


def sdk_accepts(expression: str) -> bool:
    return bool(croniter.is_valid(expression, second_at_beginning=True))


def ours_accepts(expression: str) -> bool:
    try:
        validate_cron(expression, dialect="python")
    except InvalidCronExpression:
        return False
    return True


@pytest.mark.parametrize("zone", GRID["zones"])
def test_the_grid(zone: str) -> None:
    for expression in filter(sdk_accepts, GRID["expressions"]):
        if expression.startswith(RANDOM_FIELDS):
            continue
        for after in GRID["zones"][zone]:
            if zone == SKIPPED_DAY and after > 1_325_000_000:
                continue
            start = datetime.fromtimestamp(after, UTC)
            ours = next_times(expression, dialect="python", timezone=zone, after=start, count=3)
            expected = fired(expression, zone, after, 3)
            assert [time.isoformat() for time in ours] == expected, (expression, after)


def test_refusals() -> None:
    expressions = GRID["expressions"] + random_expressions(4_000, seed=5)
    accepted = [expression for expression in expressions if sdk_accepts(expression)]
    assert 500 < len(accepted) < len(expressions) - 500
    assert [expression for expression in expressions if ours_accepts(expression)] == accepted


def test_a_time_that_is_drawn_at_random_is_not_foretold() -> None:
    validate_cron("r * * * *", dialect="python")
    with pytest.raises(InvalidCronExpression, match="random"):
        next_times("0 R(1-5)/2 * * *", dialect="python", after=datetime(2026, 1, 1, tzinfo=UTC))
