"""Failures in groups, and the runs of one group."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from client_core import (
    ErrorGroup,
    ErrorGroups,
    Failure,
    WorkflowFilter,
)
from console.digits import whole_number
from console.http import Request, wants_partial
from console.permissions import Action, requires
from console.preferences import columns_of
from console.systems import System
from console.views.common import answering, search_of
from console.workflows.search import Search

#: The times to choose from.
PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
USUAL = "day"
#: More than these failures of a period are not looked at.
MOST_FAILURES = 2_000
GROUPS_SHOWN = 100
BARS = 24
BAR_HEIGHT = 20
PAGE_SIZE = 50
HOUR_MS = 3_600_000
#: What the page decides itself.
_TAKEN = ("status", "start_time", "end_time", "queues_only")


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """The errors of a period, the most frequent first."""
    found, context = _look(request, system)
    if found:
        span = (_ms(context["since"]), _ms(context["until"]))
        context |= {
            "rows": [(group, _bars(group, *span)) for group in found.groups[:GROUPS_SHOWN]],
            # To the hour, so that a page that refreshes stays the same while nothing happens.
            "looked_back_to_ms": found.looked_back_to_ms // HOUR_MS * HOUR_MS,
            "more_groups": max(0, len(found.groups) - GROUPS_SHOWN),
        }
    return _rendered(request, "error_groups/list.html#found", context)


@require_safe
@requires(Action.WORKFLOW_READ)
def detail(request: Request, system: System, fingerprint: str) -> HttpResponse:
    """The runs of a period that failed with one error, the newest first, a page at a time."""
    found, context = _look(request, system)
    group = found.find(fingerprint) if found else None
    context |= {"fingerprint": fingerprint, "group": group, "columns": columns_of(request)}
    if group:
        after = request.GET.get("after")
        rest = [run for run in group.failures if after is None or _is_after(run, after)]
        page = rest[:PAGE_SIZE]
        runs = system.client.list_workflows(
            workflow_ids=[failure.workflow_id for failure in page], sort_desc=True
        )
        context |= {
            "bars": _bars(group, _ms(context["since"]), _ms(context["until"])),
            "runs": runs,
            "is_first": after is None,
            "older": _cursor(page[-1]) if len(rest) > PAGE_SIZE else None,
        }
    return _rendered(request, "error_groups/detail.html#found", context)


def _look(request: Request, system: System) -> tuple[ErrorGroups | None, dict[str, Any]]:
    """The groups that the address asks for, and what every page of them shows."""
    period = request.GET.get("period", USUAL)
    period = period if period in PERIODS else USUAL
    search = _search(request, system)
    until = timezone.now()
    found = None
    context: dict[str, Any] = {
        "search": search,
        "period": period,
        "periods": PERIODS,
        "since": until - PERIODS[period],
        "until": until,
        "most_failures": MOST_FAILURES,
    }
    if not search.problems:
        filters: WorkflowFilter = {**search.filters, "limit": MOST_FAILURES}
        with answering(search, "take a shorter time."):
            found = system.client.group_errors(since=context["since"], **filters)
    return found, {**context, "found": found}


def _search(request: Request, system: System) -> Search:
    search = search_of(request, system)
    if any(key in search.filters for key in _TAKEN):
        search.problems.append(
            "This page shows what failed in the time chosen above; narrow it with other terms, "
            "such as name:checkout, queue:orders, app:shop or version:v3."
        )
    return search


def _rendered(request: Request, piece: str, context: dict[str, Any]) -> HttpResponse:
    status = 422 if context["search"].problems else 200
    template = piece if wants_partial(request) else piece.partition("#")[0]
    return render(request, template, context, status=status)


def _bars(group: ErrorGroup, since_ms: int, until_ms: int) -> list[dict[str, int]]:
    """When they failed, as bars of an SVG: place, height and number."""
    counts = group.histogram(since_ms, until_ms, slots=BARS)
    highest = max(counts)
    heights = [max(2, round(count * BAR_HEIGHT / highest)) if count else 0 for count in counts]
    return [
        {"x": place * 5, "y": BAR_HEIGHT - height, "height": height}
        for place, height in enumerate(heights)
        if height
    ]


def _cursor(failure: Failure) -> str:
    return f"{failure.created_at}.{failure.workflow_id}"


def _is_after(failure: Failure, cursor: str) -> bool:
    """Whether it follows a place in the list, also when what was there is gone."""
    created_at, _, workflow_id = cursor.partition(".")
    place = whole_number(created_at, most=2**63 - 1) or 0
    return (failure.created_at, failure.workflow_id) < (place, workflow_id)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000)
