"""What all schedules will do in a window: the rows of the page, and what is worth a warning."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from client_core import InvalidCronExpression, InvalidOption, WorkflowSchedule
from console.schedules.rehearsal_chart import Histogram, histogram
from console.schedules.starts import Asked, Starts, Window, share, starts_of

#: Of so many schedules there is a row.
ROWS = 12
#: So many schedules that start in one minute crowd it.
CROWD = 5
#: Of crowds, overlaps and the like so many are told.
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One schedule in the window."""

    schedule: WorkflowSchedule
    asked: Asked
    starts: Starts
    #: How long its runs usually take, in milliseconds.
    expected_ms: int | None
    #: The starts at which the run before would still go on.
    overlaps: tuple[int, ...]

    @property
    def pause_ms(self) -> int | None:
        """The usual time between two starts."""
        return self.starts.pause and self.starts.pause * 1_000

    @property
    def is_overlapping(self) -> bool:
        """Whether a run is expected to go on when the next one starts."""
        return bool(self.overlaps) or self.starts.overlaps_when(self.expected_ms)

    @property
    def shown_by(self) -> tuple[bool, int, str]:
        """Those that overlap come first, then the busiest."""
        starts = self.starts
        busy = len(starts.times) if not starts.is_dense else 10**9 - (starts.pause or 0)
        return (not self.is_overlapping, -busy, self.schedule.schedule_name)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Minutes in each of which the same schedules start."""

    minutes: tuple[int, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a page tells."""

    #: The schedules that can be foretold, in the order of their rows.
    lines: list[Line]
    #: Why others cannot.
    unknown: list[tuple[WorkflowSchedule, str]]
    crowds: list[Crowd]
    histogram: Histogram

    @property
    def rows(self) -> list[Line]:
        """Those that are drawn."""
        return self.lines[:ROWS]

    @property
    def overlapping(self) -> list[Line]:
        """Those whose own runs would meet."""
        return [line for line in self.lines if line.is_overlapping]

    @property
    def dense(self) -> int:
        """How many start too often for each start to be told."""
        return sum(line.starts.is_dense for line in self.lines)

    @property
    def starts(self) -> int:
        """The starts of all others."""
        return sum(len(one.starts.times) for one in self.lines if not one.starts.is_dense)

    def of(self, names: Set[str]) -> "Rehearsal":
        """What is about some schedules; a crowd is about each of its own."""
        return replace(
            self,
            lines=[one for one in self.lines if one.schedule.schedule_name in names],
            unknown=[one for one in self.unknown if one[0].schedule_name in names],
            crowds=[crowd for crowd in self.crowds if not names.isdisjoint(crowd.names)],
        )


def rehearse(
    schedules: Iterable[tuple[WorkflowSchedule, Asked | None]],
    expected_ms: Mapping[str, int | None],
    window: tuple[int, int],
) -> tuple[Rehearsal, Window]:
    """Look at every schedule; None for its question says that its language is not known."""
    asked = list(schedules)
    whole = Window(*window, share(len({question for _, question in asked})))
    lines, unknown = [], []
    for schedule, question in asked:
        if question is None:
            unknown.append(
                (schedule, "Nothing tells in which language its application is written.")
            )
            continue
        try:
            starts = starts_of(question, whole)
        except InvalidCronExpression as error:
            unknown.append((schedule, str(error)))
        except InvalidOption as error:
            unknown.append((schedule, "; ".join(error.problems.values())))
        else:
            takes = expected_ms.get(schedule.schedule_name)
            lines.append(Line(schedule, question, starts, takes, _overlaps(starts, takes)))
    lines.sort(key=lambda line: line.shown_by)
    told = tuple(
        (line.schedule.schedule_name, line.asked) for line in lines if not line.starts.is_dense
    )
    crowds, bars = _together(tuple(sorted(told)), whole)
    return Rehearsal(lines, unknown, crowds, bars), whole


def _overlaps(starts: Starts, expected_ms: int | None) -> tuple[int, ...]:
    if not expected_ms:
        return ()
    takes = expected_ms / 1_000
    return tuple(later for earlier, later in pairwise(starts.times) if later - earlier < takes)


@lru_cache(maxsize=32)
def _together(
    schedules: tuple[tuple[str, Asked], ...], window: Window
) -> tuple[list[Crowd], Histogram]:
    """The crowded minutes, the fullest first, and how many runs start when."""
    minutes: defaultdict[int, set[str]] = defaultdict(set)
    counted: Counter[int] = Counter()
    for name, asked in schedules:
        times = starts_of(asked, window).times
        counted.update(times)
        for time in times:
            minutes[time // 60 * 60].add(name)
    same: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for minute in sorted(minute for minute, names in minutes.items() if len(names) >= CROWD):
        same[tuple(sorted(minutes[minute]))].append(minute)
    crowds = [Crowd(tuple(found), names) for names, found in same.items()]
    crowds.sort(key=lambda crowd: (-len(crowd.names), crowd.minutes))
    crowded = {minute for crowd in crowds for minute in crowd.minutes}
    return crowds, histogram(counted, crowded, window)
