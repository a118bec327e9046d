"""Schedules: what fires when, and what came of it."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from client_core import (
    InvalidCronExpression,
    InvalidOption,
    UnsupportedBySchema,
    WorkflowSchedule,
)
from console.http import Request
from console.permissions import Action, requires
from console.preferences import columns_of
from console.schedules.cron_words import in_words
from console.schedules.times import DIALECTS, next_fire, next_fires
from console.systems import System
from console.views.common import render_part

PAGE_SIZE = 50
FIRES_SHOWN = 10
RUNS_SHOWN = 20


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """A page of the schedules by name, or of those whose names hold what is looked for."""
    wanted = request.GET.get("q", "").strip()
    problem = ""
    try:
        every = system.client.list_schedules(load_contexts=False)
    except UnsupportedBySchema as error:
        every, problem = [], str(error)
    after = request.GET.get("after", "")
    found = [one for one in every if one.schedule_name > after and holds(one, wanted)]
    found.sort(key=lambda one: one.schedule_name)
    shown = found[:PAGE_SIZE]
    dialects = system.client.schedule_dialects(shown)
    lately = system.client.recent_schedule_runs()
    now = timezone.now()
    context = {
        "wanted": wanted,
        "problem": problem,
        "rows": [
            {
                "schedule": one,
                "words": in_words(one.schedule),
                "next": None
                if one.status == "PAUSED"
                else next_fire(one, dialects[one.schedule_name], now),
                "lately": lately.get(one.schedule_name),
            }
            for one in shown
        ],
        "total": len(every),
        "more": len(found) - len(shown),
        "after": after,
        "next": shown[-1].schedule_name if len(found) > len(shown) else "",
    }
    return render_part(request, "schedules/list.html", "found", context)


@require_safe
@requires(Action.WORKFLOW_READ)
def detail(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """One schedule: its next times, and its newest runs."""
    schedule = schedule_or_404(system, schedule_name)
    dialect = system.client.schedule_dialects([schedule])[schedule_name]
    runs = []
    if not system.client.capabilities.lacks("workflow_status.schedule_name"):
        runs = system.client.list_workflows(
            schedule_name=schedule_name, sort_desc=True, limit=RUNS_SHOWN
        )
    context = {
        "schedule": schedule,
        "words": in_words(schedule.schedule),
        "dialect": dialect,
        "fired_ms": _epoch_ms(schedule.last_fired_at),
        "runs": runs,
        "columns": columns_of(request),
        **fires_of(schedule.schedule, dialect, schedule.cron_timezone, timezone.now()),
    }
    return render_part(request, "schedules/detail.html", "found", context)


def schedule_or_404(system: System, name: str) -> WorkflowSchedule:
    """A schedule by its name."""
    schedule = system.client.get_schedule(name)
    if schedule is None:
        raise Http404(name)
    return schedule


def fires_of(expression: str, dialect: Any, zone: str | None, after: datetime) -> dict[str, Any]:
    """The next times for a page, or what is wrong with the expression or the zone."""
    if dialect not in DIALECTS:
        return {"fires": []}
    try:
        return {"fires": next_fires(expression, dialect, zone, after=after, count=FIRES_SHOWN)}
    except InvalidCronExpression as error:
        return {"fires": [], "wrong": str(error)}
    except InvalidOption as error:
        return {"fires": [], "wrong": "; ".join(error.problems.values())}


def _epoch_ms(text: str | None) -> int | None:
    """A time as the SDKs spell it; None where that is no time."""
    try:
        return round(datetime.fromisoformat(text or "").timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None


def holds(schedule: WorkflowSchedule, wanted: str) -> bool:
    """Whether a name of the schedule holds what is looked for."""
    texts = (schedule.schedule_name, schedule.workflow_name, schedule.application_name or "")
    return any(wanted.lower() in text.lower() for text in texts)
