"""The rehearsal as SVG: axes, and one path for all that is alike in a row."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise

from console.schedules.clock_changes import changes_of
from console.schedules.starts import HOUR, Asked, Window, busy_cells, starts_of

#: A row is so many units wide, whatever the page makes of it, and as high as its paths say.
AXIS = 1_000
CELLS = 120
BAR_HEIGHT = 28
#: A label that begins further to the right would be cut.
LAST_LABEL = 930
#: The pieces of a window in which dense schedules are looked for, and the steps of its axis.
_PIECES = ((6 * HOUR, 300, 1), (24 * HOUR, 900, 3), (72 * HOUR, HOUR, 12), (0, HOUR, 24))


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the axis with its label."""

    x: int
    label: str

    @property
    def percent(self) -> str:
        """Its place, as SVG writes it."""
        return f"{self.x / 10:.1f}%"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The paths of a row; an empty one is not drawn."""

    starts: str
    runs: str
    overlaps: str
    band: str
    changes: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many runs of all schedules start when."""

    bars: str
    #: Those of crowded minutes.
    crowded: str
    #: In the fullest piece.
    most: int


def marks(window: Window, zone: tzinfo) -> list[Mark]:
    """The axis on the clock of a zone."""
    _, _, hours = _pieces(window)
    at = datetime.fromtimestamp(window.start, zone).replace(hour=0, minute=0, second=0, fold=0)
    found: list[Mark] = []
    while (second := int(at.timestamp())) < window.end:
        if second >= window.start and (not found or found[-1].x < _place(second, window)):
            label = f"{at:%H:%M}" if at.hour else f"{at:%a} {at.day}"
            place = _place(second, window)
            found.append(Mark(place, label if place <= LAST_LABEL else ""))
        at += timedelta(hours=hours)  # On the clock, whatever happens to it.
    return found


def grid(axis: Iterable[Mark]) -> str:
    """The lines of an axis through a row."""
    return "".join(f"M{mark.x} 0v24" for mark in axis)


@lru_cache(maxsize=500)
def drawn(asked: Asked, window: Window, expected_ms: int) -> Drawn:
    """The row of a schedule whose runs take so long."""
    starts = starts_of(asked, window)
    runs: list[tuple[int, float]] = []
    if expected_ms:
        runs = [(time, time + expected_ms / 1_000) for time in starts.times]
    over: list[tuple[int, float]] = [
        (later[0], min(earlier[1], later[1]))
        for earlier, later in pairwise(runs)
        if later[0] < earlier[1]
    ]
    band: Sequence[tuple[int, int]] = ()
    ticks = sorted({_place(time, window) for time in starts.times})
    if starts.is_dense:
        _, cell, _ = _pieces(window)
        whole = Window(window.start // HOUR * HOUR, -(-window.end // HOUR) * HOUR)
        band = busy_cells(asked, whole, cell)
        ticks, runs, over = [], [], list(band) if starts.overlaps_when(expected_ms) else []
    changes = changes_of(starts.zone, window) if starts.zone else ()
    return Drawn(
        starts="".join(f"M{x} 3v18" for x in ticks),
        runs=_boxes(runs, window, 8, 8),
        overlaps=_boxes(over, window, 8, 8),
        band=_boxes(band, window, 7, 10),
        changes="".join(f"M{_place(change.at, window)} 0v24" for change in changes),
    )


def histogram(counted: Counter[int], crowded: set[int], window: Window) -> Histogram:
    """The starts in pieces of the window, on one scale."""
    cells: Counter[int] = Counter()
    for time, count in counted.items():
        cells[(time - window.start) * CELLS // (window.end - window.start)] += count
    full = {(minute - window.start) * CELLS // (window.end - window.start) for minute in crowded}
    most = max(cells.values(), default=0)

    def bars(wanted: Iterable[int]) -> str:
        width = AXIS / CELLS
        found = []
        for cell in wanted:
            height = max(1, round(cells[cell] * BAR_HEIGHT / most))
            x, top = round(cell * width), BAR_HEIGHT + 2 - height
            found.append(f"M{x} {top}h{width - 1:.1f}v{height}h-{width - 1:.1f}z")
        return "".join(found)

    return Histogram(bars(sorted(set(cells) - full)), bars(sorted(full & set(cells))), most)


def _boxes(spans: Iterable[tuple[float, float]], window: Window, top: int, height: int) -> str:
    """A box for each span; those that touch on the axis are one."""
    boxes: list[tuple[int, int]] = []
    for start, end in spans:
        left = _place(start, window)
        right = max(left + 2, _place(end, window))
        if boxes and left <= boxes[-1][1]:
            boxes[-1] = (boxes[-1][0], max(right, boxes[-1][1]))
        else:
            boxes.append((left, right))
    return "".join(f"M{x} {top}h{end - x}v{height}h-{end - x}z" for x, end in boxes)


def _place(moment: float, window: Window) -> int:
    inside = min(max(moment, window.start), window.end)
    return round((inside - window.start) * AXIS / (window.end - window.start))


def _pieces(window: Window) -> tuple[int, int, int]:
    length = window.end - window.start
    return next(piece for piece in _PIECES if not piece[0] or length <= piece[0])
