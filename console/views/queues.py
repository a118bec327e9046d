"""Queues: what waits on them, what runs, and how much of their limits is used."""

import time
from typing import Any

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from client_core import INTERNAL_QUEUE_NAME, Queue, QueueActivity, UnsupportedBySchema
from client_core.queue_activity import MOST_COUNTED
from client_core.queue_details import PARTITIONS_NAMED
from client_core.queue_history import NEWEST_STARTS
from console.http import Request
from console.permissions import Action, requires
from console.queues.charts import PERIODS, USUAL, bars, span_ms
from console.queues.words import limits_in_brief, limits_of, uses_of
from console.systems import System
from console.views.common import render_part

#: Of so many queues a page tells.
MOST_SHOWN = 100


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """All queues by name, or those whose name or application holds what is looked for."""
    wanted = request.GET.get("q", "").strip()
    registered, problem = _registered(system)
    names = sorted({*registered, *system.client.list_active_queue_names()})
    found = [name for name in names if _holds(name, registered.get(name), wanted)]
    activities = system.client.list_queue_activity(found[:MOST_SHOWN])
    context = {
        "wanted": wanted,
        "problem": problem,
        "rows": [_row(registered.get(name), activities[name]) for name in found[:MOST_SHOWN]],
        "total": len(names),
        "more": max(0, len(found) - MOST_SHOWN),
        "most_counted": MOST_COUNTED,
    }
    return render_part(request, "queues/list.html", "found", context)


@require_safe
@requires(Action.WORKFLOW_READ)
def detail(request: Request, system: System, queue_name: str) -> HttpResponse:
    """One queue: its limits, how much of them is used, and what is on it."""
    queue = queue_or_none(system, queue_name)
    activity = system.client.list_queue_activity([queue_name])[queue_name]
    details = system.client.get_queue_details(queue_name)
    context = {
        **_row(queue, activity),
        **_history(request, system, queue_name),
        "details": details,
        "told": limits_of(queue, activity, details) if queue else [],
        "partitions": details.partitions[:PARTITIONS_NAMED],
        "has_more_partitions": len(details.partitions) > PARTITIONS_NAMED,
        "most_counted": MOST_COUNTED,
    }
    return render_part(request, "queues/detail.html", "found", context)


def _history(request: Request, system: System, name: str) -> dict[str, Any]:
    """What the page tells of the period that the address asks for."""
    period = request.GET.get("period", USUAL)
    period = period if period in PERIODS else USUAL
    since_ms, until_ms = span_ms(period, time.time_ns() // 1_000_000)
    slots = PERIODS[period][0]
    history = system.client.get_queue_history(
        name, since_ms, until_ms, slots=slots, newest=NEWEST_STARTS
    )
    return {
        "period": period,
        "periods": PERIODS,
        "since_ms": since_ms,
        "history": history,
        "bars": bars(history, period, since_ms),
        "newest_starts": NEWEST_STARTS,
    }


def queue_or_none(system: System, name: str) -> Queue | None:
    """A queue by its name; None if it is not registered, or the database registers none."""
    try:
        return system.client.get_queue(name)
    except UnsupportedBySchema:
        return None


def queue_or_404(system: System, name: str) -> Queue:
    """A registered queue by its name."""
    queue = system.client.get_queue(name)
    if queue is None:
        raise Http404(name)
    return queue


def _registered(system: System) -> tuple[dict[str, Queue], str]:
    """The registered queues by name, or why there are none."""
    try:
        return {queue.name: queue for queue in system.client.list_queues()}, ""
    except UnsupportedBySchema as error:
        return {}, str(error)


def _row(queue: Queue | None, activity: QueueActivity) -> dict[str, Any]:
    return {
        "queue": queue,
        "activity": activity,
        "is_internal": activity.name == INTERNAL_QUEUE_NAME,
        "uses": uses_of(queue, activity) if queue else [],
        "limits": limits_in_brief(queue) if queue else [],
    }


def _holds(name: str, queue: Queue | None, wanted: str) -> bool:
    owner = queue.application_name if queue else None
    return any(wanted.lower() in text.lower() for text in (name, owner or ""))
