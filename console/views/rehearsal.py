"""The rehearsal: what all schedules will do in the coming days, before they do it."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from client_core import Dialect, UnsupportedBySchema, WorkflowSchedule
from console.http import Request
from console.permissions import Action, requires
from console.schedules.clock_changes import ClockChange, changes_of, effect
from console.schedules.forms import SPANS, RehearsalForm
from console.schedules.rehearsal import MOST_TOLD, Line, Rehearsal, rehearse
from console.schedules.rehearsal_chart import CELLS, drawn, grid, marks
from console.schedules.starts import Asked, Window, first_start, moment
from console.schedules.times import DIALECTS
from console.systems import System
from console.views.common import render_part
from console.views.schedules import holds

#: Of so many schedules the starts are computed.
MOST_LOOKED_AT = 1_000
#: Of a crowd so many schedules are named.
MOST_NAMED = 5


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """A row for each schedule, and in words what is worth a look."""
    form = RehearsalForm(request.GET or {"span": RehearsalForm.USUAL})
    is_valid = form.is_valid()
    chosen = form.cleaned_data
    context: dict[str, Any] = {"form": form, "spans": SPANS, "span": chosen["span"]}
    begin = chosen.get("begin") or timezone.now()
    start = int(begin.timestamp()) // 60 * 60
    window = (start, start + int(SPANS[chosen["span"]].total_seconds()))
    try:
        context |= _told(system, window, with_paused=chosen["paused"], wanted=chosen.get("q", ""))
    except UnsupportedBySchema as error:
        context["problem"] = str(error)
    status = 200 if is_valid else 422
    return render_part(request, "schedules/rehearsal.html", "found", context, status)


def _told(
    system: System, window: tuple[int, int], *, with_paused: bool, wanted: str
) -> dict[str, Any]:
    every = system.client.list_schedules(load_contexts=False)
    active = [one for one in every if with_paused or one.status != "PAUSED"]
    looked_at = active[:MOST_LOOKED_AT]
    dialects = system.client.schedule_dialects(looked_at)
    lately = system.client.recent_schedule_runs()
    expected = {name: activity.median_ms for name, activity in lately.items()}
    asked = [(one, _asked(one, dialects[one.schedule_name])) for one in looked_at]
    found, whole = rehearse(asked, expected, window)
    if wanted:
        found = found.of({one.schedule_name for one in looked_at if holds(one, wanted)})
    zone = timezone.get_current_timezone()
    axis = marks(whole, zone)
    return {
        "start": moment(whole.start),
        "end": moment(whole.end),
        "found": found,
        "rows": [_row(line, whole) for line in found.rows],
        "overlapping": found.overlapping[:MOST_TOLD],
        "crowds": [_crowd(crowd.minutes, crowd.names) for crowd in found.crowds[:MOST_TOLD]],
        "changes": _clock_changes(found, whole, zone),
        "unknown": found.unknown[:MOST_TOLD],
        "axis": axis,
        "grid": grid(axis),
        "cell_ms": (whole.end - whole.start) * 1_000 // CELLS,
        "paused": len(every) - len(active),
        "not_looked_at": len(active) - len(looked_at),
        "total": len(every),
    }


def _asked(schedule: WorkflowSchedule, dialect: Dialect | None) -> Asked | None:
    known = next((one for one in DIALECTS if one == dialect), None)
    return Asked(schedule.schedule, known, schedule.cron_timezone) if known else None


def _row(line: Line, window: Window) -> dict[str, Any]:
    first = line.starts.times[0] if line.starts.times else None
    if first is None and line.starts.is_dense:
        first = first_start(line.asked, window)
    return {
        "line": line,
        "drawn": drawn(line.asked, window, line.expected_ms or 0),
        "first_ms": first and first * 1_000,
    }


def _crowd(minutes: tuple[int, ...], names: tuple[str, ...]) -> dict[str, Any]:
    first = moment(minutes[0])
    return {
        "first": first,
        "more": len(minutes) - 1,
        "last": moment(minutes[-1]),
        "count": len(names),
        "names": names[:MOST_NAMED],
        "more_names": max(0, len(names) - MOST_NAMED),
        "closer": f"{timezone.localtime(first):%Y-%m-%dT%H:%M:%S}",
    }


def _clock_changes(found: Rehearsal, window: Window, own: tzinfo) -> list[dict[str, Any]]:
    """What is set when in which zone, and what that does to the schedules that are read there."""
    lines: dict[str, list[Line]] = {}
    zones = {str(own): own}
    for line in found.lines:
        if zone := line.starts.zone:
            zones[str(zone)] = zone
            lines.setdefault(str(zone), []).append(line)
    told = []
    for name, zone in zones.items():
        for change in changes_of(zone, window):
            effects = _effects(lines.get(name, []), change)
            told.append(
                {
                    "zone": name,
                    "is_own": name == str(own),
                    "change": change,
                    "at": datetime.fromtimestamp(change.at, UTC),
                    "effects": effects[:MOST_TOLD],
                    "more": max(0, len(effects) - MOST_TOLD),
                }
            )
    return told


def _effects(lines: Iterable[Line], change: ClockChange) -> list[tuple[WorkflowSchedule, str]]:
    found = (
        (line.schedule, effect(line.asked, change)) for line in lines if not line.starts.is_dense
    )
    return [(schedule, words) for schedule, words in found if words]
