"""What a schedule missed lately: times that were due and have no run."""

from contextlib import suppress
from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from client_core import DBOSClientError, InvalidOption, ScheduledRun, SystemDatabaseError
from console.http import Request
from console.permissions import Action, requires
from console.schedules.times import Fire
from console.systems import System
from console.views.common import render_part
from console.views.schedules import schedule_or_404

#: The first of these times that is not too full of runs is looked at.
LOOKED_BACK = {
    "the last day": timedelta(days=1),
    "the last hour": timedelta(hours=1),
    "the last ten minutes": timedelta(minutes=10),
}
MOST_DUE = 1_500
#: What was due a moment ago may be about to start.
MARGIN = timedelta(minutes=1)


@require_safe
@requires(Action.WORKFLOW_READ)
def missed(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """Which times of late have no run; the page of the schedule asks for it by itself."""
    schedule = schedule_or_404(system, schedule_name)
    context = {"schedule": schedule, "problem": ""}
    try:
        span, due = _due(system, schedule_name)
    except SystemDatabaseError:
        raise
    except DBOSClientError as error:
        context["problem"] = str(error)
    else:
        without = [Fire(run.scheduled_at) for run in due if not run.exists]
        context |= {"span": span, "due": len(due), "missed": without}
    return render_part(request, "schedules/missed.html", "part", context)


def _due(system: System, name: str) -> tuple[str, list[ScheduledRun]]:
    end = timezone.now().replace(second=0, microsecond=0) - MARGIN
    *longer, shortest = LOOKED_BACK

    def look(span: str) -> tuple[str, list[ScheduledRun]]:
        start = end - LOOKED_BACK[span]
        return span, system.client.preview_backfill(name, start, end, limit=MOST_DUE)

    for span in longer:
        with suppress(InvalidOption):
            return look(span)
    return look(shortest)
