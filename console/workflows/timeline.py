"""One run on its own axis of time: what each step is, and where its bar stands."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from client_core import Overview, Part, StatusString, StepRow, wake_ms
from console.digits import whole_number

#: Bars stand on an axis of this length, whatever the page makes of it.
AXIS = 1_000
#: What took no time is still seen.
THINNEST = 5
PART_HEIGHT = 30


@dataclass(frozen=True, slots=True)
class Kind:
    """What a step does; ``shape`` names its bar's class in the style sheet."""

    word: str
    icon: str
    shape: str


STEP = Kind("step", "step", "step")
CHILD = Kind("child", "child", "child")
SLEEP = Kind("sleep", "waits", "wait")
TIMEOUT = Kind("time-out", "delayed", "wait")
_RESULT = Kind("awaits child", "child", "wait")
_RECEIVE = Kind("receive", "receive", "wait")
_GET_EVENT = Kind("get event", "event", "wait")
_SET_EVENT = Kind("event", "event", "tell")
_SEND = Kind("send", "send", "tell")
_STREAM = Kind("stream", "stream", "tell")
_READ_STREAM = Kind("read stream", "stream", "wait")
_CALL = Kind("DBOS call", "workflows", "call")

#: The steps that both SDKs record by themselves, by their names without “DBOS.”.
_OWN: Mapping[str, Kind] = {
    "sleep": SLEEP,
    "recv": _RECEIVE,
    "getEvent": _GET_EVENT,
    "get_events": _GET_EVENT,
    "setEvent": _SET_EVENT,
    "send": _SEND,
    "send_bulk": _SEND,
    "writeStream": _STREAM,
    "closeStream": _STREAM,
    "readStream": _READ_STREAM,
    "readStreamOffset": _READ_STREAM,
    "getResult": _RESULT,
    "waitFirst": _RESULT,
    "waitAll": _RESULT,
    "asyncio_wait": _RESULT,
}
_WAITS = ("DBOS.recv", "DBOS.getEvent")


def kind_of(function_name: str, child_workflow_id: str | None = None) -> Kind:
    """What a step of this name does."""
    if function_name.startswith("DBOS."):
        return _OWN.get(function_name.removeprefix("DBOS."), _CALL)
    return CHILD if child_workflow_id else STEP


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of the axis."""

    x: int
    width: int
    shape: str


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """A row of the table of steps."""

    row: StepRow
    kind: Kind
    bar: Bar | None
    #: Until when it sleeps or may wait.
    until_ms: int | None
    #: From when to when it lasted: a child as its own run tells.
    started_ms: int | None
    ended_ms: int | None
    #: Whether that is a wait that goes on.
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """A piece of time that is as wide as the page."""

    start_ms: int
    end_ms: int

    def bar(self, start_ms: int | None, end_ms: int | None, shape: str) -> Bar | None:
        """What of the axis lies between two moments; None where it is not known."""
        if start_ms is None or end_ms is None or end_ms < self.start_ms:
            return None
        x = self._place(start_ms)
        width = max(THINNEST, self._place(end_ms) - x)
        return Bar(min(x, AXIS - THINNEST), min(width, AXIS), shape)

    def _place(self, moment_ms: int) -> int:
        inside = min(max(moment_ms, self.start_ms), self.end_ms)
        return round((inside - self.start_ms) * AXIS / (self.end_ms - self.start_ms))


def timeline(rows: Iterable[StepRow], axis: Axis, *, whole: bool) -> list[TimelineRow]:
    """The rows of a page; ``whole`` says that no step between them was left out."""
    lines: list[TimelineRow] = []
    before: StepRow | None = None
    for row in rows:
        lines.append(_line(row, before if whole else None, axis))
        before = row
    return lines


def zoomed(rows: list[StepRow], axis: Axis) -> Axis:
    """The axis of these rows alone, if they tell their times."""
    starts = [row.started_ms for row in rows if row.started_ms is not None]
    ends = [end for row in rows if (end := row.child_completed_ms or row.completed_ms) is not None]
    if not starts or not ends:
        return axis
    start = max(axis.start_ms, min(starts))
    return Axis(start, max(start + 1, min(axis.end_ms, max(ends))))


def _line(row: StepRow, before: StepRow | None, axis: Axis) -> TimelineRow:
    kind = kind_of(row.step.function_name, row.step.child_workflow_id)
    started, ended, until, goes_on = row.started_ms, row.completed_ms, None, False
    if kind is CHILD and row.count > 1:
        ended = None  # The steps tell when the children were started, not how long they took.
    elif kind is CHILD and row.child_status:
        started, ended = row.child_started_ms, row.child_completed_ms
        goes_on = ended is None and row.child_status == StatusString.PENDING
    elif kind is SLEEP and row.count == 1:
        until = wake_ms(row.step.output)
        if before is not None and _is_timeout(row, before):
            kind = TIMEOUT
            goes_on = before.last_id != row.first_id - 1 and (until or 0) > axis.end_ms
        else:
            ended = until or ended
    to = axis.end_ms if goes_on else ended or row.completed_ms
    bar = axis.bar(started, to, "error" if row.has_failed else kind.shape)
    return TimelineRow(row, kind, bar, until, started, ended, goes_on)


def _is_timeout(row: StepRow, before: StepRow) -> bool:
    """Whether a sleep is the time-out of the wait before it, which is recorded when it is over."""
    gap = before.last_id != row.first_id - 1
    return gap or before.step.function_name in _WAITS


@dataclass(frozen=True, slots=True)
class Column:
    """A part of the strip over the whole run, as a bar of the number of its steps."""

    part: Part
    x: int
    width: int
    #: The heights of all its steps, and of those that failed.
    height: int
    failed: int
    is_chosen: bool

    @property
    def top(self) -> int:
        """Where the bar begins, from above."""
        return PART_HEIGHT + 2 - self.height

    @property
    def failed_top(self) -> int:
        """Where its failed part begins."""
        return PART_HEIGHT + 2 - self.failed


@dataclass(frozen=True, slots=True)
class Strip:
    """The whole run in one line: when its steps began, and those that took longest."""

    columns: list[Column]
    bars: list[Bar]


def strip(overview: Overview, parts: int, first: int | None, last: int | None) -> Strip:
    """The strip of a run; the parts between two steps are the chosen ones."""
    most = max((part.count for part in overview.parts), default=1)

    def height(count: int) -> int:
        return round(PART_HEIGHT * math.log1p(count) / math.log1p(most))

    columns = []
    for part in overview.parts:
        x = part.part * AXIS // parts
        chosen = first is not None and last is not None
        columns.append(
            Column(
                part,
                x=x,
                width=(part.part + 1) * AXIS // parts - x - 3,
                height=height(part.count),
                failed=height(part.failed),
                is_chosen=chosen
                and part.first_id >= _or(first, 0)
                and part.last_id <= _or(last, 0),
            )
        )
    axis = Axis(overview.start_ms, overview.end_ms)
    bars = [
        axis.bar(
            span.started_ms,
            span.completed_ms,
            "error"
            if span.has_failed
            else kind_of(span.function_name, span.child_workflow_id).shape,
        )
        for span in overview.longest
    ]
    bars.append(axis.bar(overview.waits_since_ms, overview.end_ms, SLEEP.shape))
    return Strip(columns, [bar for bar in bars if bar is not None])


def _or(number: int | None, otherwise: int) -> int:
    return otherwise if number is None else number


@dataclass(frozen=True, slots=True)
class Choice:
    """Which steps of a run a person wants to see, as the address tells."""

    name: str
    only_errors: bool
    first: int | None
    last: int | None
    after: int | None
    limit: int
    is_flat: bool

    #: More rows than this are on the next page.
    MOST = 400
    PAGE = 100

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out but what follows."""
        return not self.name and not self.only_errors

    @property
    def is_zoomed(self) -> bool:
        """Whether it is a part of the run."""
        return self.first is not None or self.last is not None

    @property
    def more(self) -> int | None:
        """How many rows to show next in place; None where the page is long enough."""
        return self.limit + self.PAGE if self.limit < self.MOST else None

    @property
    def options(self) -> dict[str, Any]:
        """What it is to the client."""
        from_first = -1 if self.first is None else self.first - 1
        return {
            "after": max(from_first, _or(self.after, -1)),
            "last": self.last,
            "name": self.name or None,
            "only_errors": self.only_errors,
            "fold": not self.is_flat,
            "limit": self.limit,
        }


def choice(query: Mapping[str, Any]) -> Choice:
    """Read the address; what makes no sense is left out."""
    shown = _number(query, "shown")
    return Choice(
        name=str(query.get("step", "")).strip()[:200],
        only_errors="errors" in query,
        first=_number(query, "from"),
        last=_number(query, "to"),
        after=_number(query, "after"),
        limit=min(max(_or(shown, Choice.PAGE), Choice.PAGE), Choice.MOST),
        is_flat="flat" in query,
    )


def _number(query: Mapping[str, Any], name: str) -> int | None:
    return whole_number(str(query.get(name, "")))
