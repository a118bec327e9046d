"""What applying a set changes, as people read it: field by field, with the next times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from client_core import (
    UNDEFINED,
    Dialect,
    InvalidCronExpression,
    InvalidOption,
    ScheduleChange,
    ScheduleDifference,
    WorkflowSchedule,
)
from console.payload import show
from console.schedules.times import DIALECTS, Fire, next_fires

#: So many next times tell what a change of an expression means.
FIRES = 3
#: Of so many changes the times are told: those of rare expressions take a while to find.
MOST_TIMED = 200
#: Of a context so much is shown.
_CHARACTERS = 600
_TIMES = ("schedule", "cron_timezone")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; None where the schedule is not there, or the field is empty."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One schedule that is created, changed or deleted."""

    name: str
    action: str
    is_paused: bool
    fields: list[FieldChange]
    #: When it fires next; empty where the times stay, or nothing tells them.
    fires_before: list[Fire]
    fires_after: list[Fire]


def shown(
    difference: ScheduleDifference, stated: Dialect | None, now: datetime
) -> list[ShownChange]:
    """Every change of a difference: deletions first, as there is no way back from these."""
    order = ("deleted", "updated", "created")
    found = sorted(difference.changes, key=lambda one: order.index(one.action))
    return [
        _shown(change, stated, now, is_timed=number < MOST_TIMED)
        for number, change in enumerate(found)
    ]


def _shown(
    change: ScheduleChange, stated: Dialect | None, now: datetime, *, is_timed: bool
) -> ShownChange:
    before, after = change.before, change.after
    is_paused = bool(before and before.status == "PAUSED")
    tells_times = is_timed and any(name in change.fields for name in _TIMES)
    dialects = [one.dialect for one in (after, before) if one and one.dialect]
    dialect = stated or next(iter(dialects), None)
    return ShownChange(
        change.schedule_name,
        change.action,
        is_paused,
        list(_fields(change)),
        _fires(before, dialect, now) if tells_times else [],
        _fires(after, dialect, now) if tells_times else [],
    )


def _fields(change: ScheduleChange) -> Iterator[FieldChange]:
    for name in change.fields:
        before, after = (_told(one, name) for one in (change.before, change.after))
        if name == "schedule_name" or before is after is None:
            continue
        if before == after:
            after = "another value, hidden or too long to show"
        yield FieldChange(name, before, after)


def _told(schedule: WorkflowSchedule | None, name: str) -> str | None:
    value = getattr(schedule, name, None)
    if value is UNDEFINED or value is None:
        return None
    if name == "context":
        return " ".join(show(value, limit=_CHARACTERS).text.split())
    if isinstance(value, bool):
        return "yes" if value else None
    return value or None


def _fires(schedule: WorkflowSchedule | None, dialect: Dialect | None, now: datetime) -> list[Fire]:
    if schedule is None or dialect not in DIALECTS:
        return []
    try:
        return next_fires(
            schedule.schedule, dialect, schedule.cron_timezone, after=now, count=FIRES
        )
    except (InvalidCronExpression, InvalidOption):
        return []
