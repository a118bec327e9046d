"""What the page of one run is made of."""

import time
from typing import Any

from client_core import Overview, WorkflowStatus
from client_core.overview import MOST_CHILDREN, MOST_STEPS, PARTS
from console.http import Request
from console.systems import System
from console.timeline import Axis, choice, strip, timeline, zoomed

#: A shorter run is seen whole in the table.
STRIP_FROM = 8


def activity(request: Request, system: System, run: WorkflowStatus) -> dict[str, Any]:
    """The run from afar, and the chosen page of its steps."""
    now_ms = time.time_ns() // 1_000_000
    overview = system.client.get_overview(run, now_ms=now_ms)
    return {
        "overview": overview,
        "events": system.client.get_all_events(run.workflow_id, limit=100)
        if overview.has_exchange
        else {},
        "most_steps": MOST_STEPS,
        "most_children": MOST_CHILDREN,
        **_steps(request, system, run, overview),
    }


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
