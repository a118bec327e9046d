"""How operations are planned: the exact IDs are written down before anything is done."""

import logging
from collections import Counter
from datetime import datetime
from typing import Any, cast

from django.db import connection, transaction
from django.db.models.functions import Now

from client_core import SystemDatabaseError, WorkflowFilter, WorkflowStatus
from console.models import Operation
from console.operations import chunks
from console.operations.chunks import State
from console.operations.families import count_below
from console.systems import System

logger = logging.getLogger("console")

#: Runs that one operation may have.
MOST_RUNS = 1_000_000
#: Runs that are written down in one go: while the person waits, and later.
FIRST_PAGE, PAGE = 500, 5_000
_TIMES = {name for name, kind in WorkflowFilter.__annotations__.items() if kind is datetime}

_WRITE_DOWN = """
INSERT INTO console_operationrun (operation_id, position, workflow_id, name, status)
SELECT %(operation)s, %(total)s + row_number() OVER (ORDER BY given.place), given.workflow_id,
    given.name, given.status
FROM unnest(%(workflow_ids)s::text[], %(names)s::text[], %(statuses)s::text[])
    WITH ORDINALITY AS given (workflow_id, name, status, place)
WHERE NOT EXISTS (
    SELECT FROM console_operationrun seen
    WHERE seen.operation_id = %(operation)s AND seen.workflow_id = given.workflow_id)
RETURNING status"""


def frozen(filters: WorkflowFilter) -> dict[str, Any]:
    """A filter as JSON."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in filters.items()
    }


def thawed(filters: dict[str, Any]) -> WorkflowFilter:
    """The filter that was frozen."""
    read = {k: datetime.fromisoformat(v) if k in _TIMES else v for k, v in filters.items()}
    return cast(WorkflowFilter, read)


def plan_page(operation: Operation, system: System, size: int) -> None:
    """Write down some more of the runs that match. Raises what the client raises."""
    filters = thawed(operation.filters)
    room = MOST_RUNS - operation.total
    if operation.planned_to:
        filters["after"] = operation.planned_to
    # One more than there is room for tells whether there are more.
    size = min(size, room + 1)
    filters |= {"limit": size, "sort_desc": True}
    runs = system.client.list_workflows(**filters)
    is_whole = len(runs) < size
    operation.is_cut = len(runs) > room
    runs = runs[:room]
    with transaction.atomic():
        _write_down(operation, runs)
        chunks.update(
            operation,
            planned_to=runs[-1].cursor if runs else operation.planned_to,
            is_cut=operation.is_cut,
            total=operation.total,
            statuses=operation.statuses,
            failures=0,
            note="",
        )
    if is_whole or operation.is_cut:
        if operation.parameters.get("children"):
            count_below(operation, system)
        chunks.update(
            operation,
            state=State.PLANNED,
            planned_at=Now(),
            below=operation.below,
            below_is_cut=operation.below_is_cut,
        )


def plan_first(operation: Operation, system: System) -> None:
    """Write down the first page while somebody waits; a runner does the rest, and what failed."""
    try:
        plan_page(operation, system, FIRST_PAGE)
    except SystemDatabaseError as error:
        logger.info("Operation %s is planned later: %s", operation.pk, error)
    Operation.objects.filter(pk=operation.pk, runner=None).update(due_at=Now())
    chunks.wake.set()


def _write_down(operation: Operation, runs: list[WorkflowStatus]) -> None:
    params: dict[str, Any] = {
        "operation": operation.pk,
        "total": operation.total,
        "workflow_ids": [run.workflow_id for run in runs],
        "names": [run.name for run in runs],
        "statuses": [run.status for run in runs],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_DOWN, params)
        found = Counter(status for (status,) in cursor.fetchall())
    operation.statuses = dict(Counter(operation.statuses) + found)
    operation.total += found.total()
