"""When schedules start runs in a window, found in bounded time and kept for a while.

Moments are whole seconds since 1970. What is computed depends on nothing but the question, so it
is kept; a window is cut out of whole hours, one or six, so that a page opened again asks nothing.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from client_core import next_times
from client_core.cron import CronDialect

HOUR = 3_600
#: Of one schedule so many starts are computed at least and at most; one that has more is dense.
FEWEST, MOST = 100, 999
#: Of all together, unless each needs its fewest.
MOST_OF_ALL = 40_000


class Asked(NamedTuple):
    """What decides when a schedule starts."""

    expression: str
    dialect: CronDialect
    zone: str | None


class Window(NamedTuple):
    """From when, inclusive, to when, exclusive; and so many starts of one schedule at most."""

    start: int
    end: int
    most: int = MOST


@dataclass(frozen=True, slots=True)
class Starts:
    """The starts of one schedule in a window."""

    #: Ascending; only the first ones of a dense schedule.
    times: Sequence[int]
    #: Whether there are more, too many to tell each.
    is_dense: bool
    #: The usual time between two of them; None of fewer than two.
    pause: int | None
    #: The schedule's own, None where nothing starts.
    zone: tzinfo | None

    def overlaps_when(self, takes_ms: int | None) -> bool:
        """Whether a dense schedule starts again while a run of that length goes on."""
        return bool(self.is_dense and self.pause and (takes_ms or 0) > self.pause * 1_000)


def share(questions: int) -> int:
    """How many starts of each schedule are computed when there are so many questions."""
    return min(MOST, max(FEWEST, MOST_OF_ALL // max(1, questions)))


def times_in(asked: Asked, window: Window) -> list[datetime]:
    """The starts in a window, at most as many as it says.

    Raises :class:`InvalidCronExpression`, and :class:`InvalidOption` for the zone.
    """
    return next_times(
        asked.expression,
        dialect=asked.dialect,
        timezone=asked.zone,
        after=moment(window.start - 1),
        until=moment(window.end),
        count=window.most,
    )


@lru_cache(maxsize=2_000)
def starts_of(asked: Asked, window: Window) -> Starts:
    """When a schedule starts in a window. Raises what :func:`times_in` raises."""
    kept = HOUR if window.end - window.start <= 6 * HOUR else 6 * HOUR
    first, last = window.start // kept * kept, -(-window.end // kept) * kept
    times, pause, zone = _computed(asked, Window(first, last, window.most))
    end = bisect_left(times, window.end)
    is_dense = end == len(times) > window.most
    return Starts(times[bisect_left(times, window.start) : end], is_dense, pause, zone)


@lru_cache(maxsize=2_000)
def _computed(asked: Asked, window: Window) -> tuple["array[int]", int | None, tzinfo | None]:
    """One more than the most, if there is one."""
    found = times_in(asked, window._replace(most=window.most + 1))
    times = array("q", [int(time.timestamp()) for time in found])
    pauses = sorted(later - earlier for earlier, later in pairwise(times))
    pause = pauses[len(pauses) // 2] if pauses else None
    return times, pause, found[0].tzinfo if found else None


def first_start(asked: Asked, window: Window) -> int | None:
    """The first start in a window, of a dense schedule too."""
    found = times_in(asked, window._replace(most=1))
    return int(found[0].timestamp()) if found else None


@lru_cache(maxsize=500)
def busy_cells(asked: Asked, window: Window, cell: int) -> tuple[tuple[int, int], ...]:
    """The stretches of a window in which a schedule starts in every piece of ``cell`` seconds."""
    stretches: list[tuple[int, int]] = []
    found = first_start(asked, window)
    while found is not None:
        start = window.start + (found - window.start) // cell * cell
        end = min(start + cell, window.end)
        if stretches and stretches[-1][1] == start:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
        found = first_start(asked, window._replace(start=end)) if end < window.end else None
    return tuple(stretches)


def moment(seconds: int) -> datetime:
    """A moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
