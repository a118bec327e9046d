"""What the page of one run is made of."""

import time
from typing import Any

from client_core import Exchange, Overview, WorkflowStatus
from client_core.exchange import MOST_COUNTED
from client_core.models import ACTIVE
from client_core.overview import MOST_CHILDREN, MOST_STEPS, PARTS
from console.http import Request
from console.systems import System
from console.workflows.story import story
from console.workflows.timeline import Axis, choice, strip, timeline, zoomed

#: A shorter run is seen whole in the table.
STRIP_FROM = 8


def activity(request: Request, system: System, run: WorkflowStatus) -> dict[str, Any]:
    """The run from afar, and the chosen page of its steps."""
    now_ms = time.time_ns() // 1_000_000
    overview = system.client.get_overview(run, now_ms=now_ms)
    return {
        "overview": overview,
        "story": story(run, now_ms=now_ms),
        "seen": _seen(run, overview),
        "exchange": _exchange(system, run, overview),
        "most_steps": MOST_STEPS,
        "most_children": MOST_CHILDREN,
        "most_counted": MOST_COUNTED,
        **_steps(request, system, run, overview),
    }


def is_as_seen(request: Request, system: System, workflow_id: str) -> bool:
    """Whether a page that refreshes itself shows a run that is over and did not change since."""
    seen = request.headers.get("X-Seen")
    if not seen:
        return False
    return any(_seen(run) == seen for run in system.client.list_workflows(workflow_ids=workflow_id))


def _seen(run: WorkflowStatus, overview: Overview | None = None) -> str | None:
    """What tells whether a run is as it was; None where something may change beside it."""
    children = overview.children_by_status if overview else {}
    if run.is_active or ACTIVE.intersection(children):
        return None
    return f"{run.status}.{run.updated_at}"


def _exchange(system: System, run: WorkflowStatus, overview: Overview) -> Exchange | None:
    """Not asked for where there is nothing."""
    return system.client.get_exchange(run.workflow_id) if overview.has_exchange else None


def _steps(
    request: Request, system: System, run: WorkflowStatus, overview: Overview
) -> dict[str, Any]:
    chosen = choice(request.GET)
    if not overview.count:
        return {"chosen": chosen, "lines": []}
    page = system.client.list_step_rows(run.workflow_id, **chosen.options)
    axis = Axis(overview.start_ms, overview.end_ms)
    if chosen.is_zoomed:
        axis = zoomed(page.rows, axis)
    return {
        "chosen": chosen,
        "lines": timeline(page.rows, axis, whole=chosen.is_everything),
        "next_after": page.next_after,
        "axis": axis,
        "strip": strip(overview, PARTS, chosen.first, chosen.last)
        if overview.count >= STRIP_FROM
        else None,
    }
