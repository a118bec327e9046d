"""Operations on many runs: how they are planned, claimed by a runner, and go on chunk by chunk.

A plan is the exact IDs, written down before anything is done. A chunk is marked as begun before it
is acted on and completed after it, so that what a crash left open is known.
"""

import logging
import threading
import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias, cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from client_core import SystemDatabaseError, WorkflowFilter, WorkflowStatus
from console.models import Operation, OperationRun
from console.operation_kinds import KINDS, Kind
from console.systems import System

logger = logging.getLogger("console")

State: TypeAlias = Operation.State
Outcome: TypeAlias = OperationRun.Outcome

#: Runs that one operation may have.
MOST_RUNS = 1_000_000
#: Runs that are written down in one go: while the person waits, and later.
FIRST_PAGE, PAGE = 500, 5_000
_MOST_WAIT_SECONDS = 30
_TIMES = {name for name, kind in WorkflowFilter.__annotations__.items() if kind is datetime}

#: Set when there is something to do for a runner of this process.
wake = threading.Event()

_CLAIM = """
UPDATE console_operation
SET runner = %(runner)s, leased_until = statement_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = (
    SELECT id FROM console_operation
    WHERE state IN ('planning', 'running', 'stopping') AND due_at <= statement_timestamp()
        AND (leased_until IS NULL OR leased_until < statement_timestamp())
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id"""

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

_COMPLETE = """
UPDATE console_operationrun run
SET outcome = given.outcome, before = given.before, detail = given.detail
FROM unnest(%(positions)s::integer[], %(outcomes)s::text[], %(befores)s::text[],
    %(details)s::text[]) AS given (position, outcome, before, detail)
WHERE run.operation_id = %(operation)s AND run.position = given.position"""

# Runs that were not in the plan: what those of a chunk had started.
_ADD = """
INSERT INTO console_operationrun
    (operation_id, position, workflow_id, status, before, outcome, detail)
SELECT %(operation)s, %(last)s + row_number() OVER (), workflow_id, before, before, outcome, detail
FROM unnest(%(workflow_ids)s::text[], %(outcomes)s::text[], %(befores)s::text[],
    %(details)s::text[]) AS given (workflow_id, outcome, before, detail)
ON CONFLICT (operation_id, workflow_id) DO NOTHING
RETURNING outcome"""


class LeaseLost(Exception):
    """Another runner has the operation now."""


class Acted(NamedTuple):
    """What an act met and did: a run's status before, None if it was gone."""

    workflow_id: str
    before: str | None
    #: Where the status before does not tell it.
    outcome: Outcome | None = None
    detail: str | None = None


class Chunk(NamedTuple):
    """Some runs of an operation, marked as begun."""

    #: Position and status by ID, in the order of positions.
    runs: dict[str, tuple[int, str]]
    end: int
    #: They were begun before, and nobody knows how that ended.
    again: bool


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


def kind_of(operation: Operation) -> Kind:
    """What the operation does."""
    return KINDS[operation.action]


def skipped(operation: Operation) -> dict[str, tuple[str, int]]:
    """By status, why runs are left alone and how many."""
    skips = kind_of(operation).skips
    reasons = {status: skips(status, operation.parameters) for status in operation.statuses}
    return {
        status: (reason, operation.statuses[status]) for status, reason in reasons.items() if reason
    }


def to_act(operation: Operation) -> int:
    """How many runs the plan does not leave alone."""
    return operation.total - sum(count for _, count in skipped(operation).values())


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
        over = is_whole or operation.is_cut
        state = {"state": State.PLANNED, "planned_at": Now(), "note": ""} if over else {}
        _update(
            operation,
            planned_to=runs[-1].cursor if runs else operation.planned_to,
            is_cut=operation.is_cut,
            total=operation.total,
            statuses=operation.statuses,
            failures=0,
            **({"note": ""} | state),
        )


def plan_first(operation: Operation, system: System) -> None:
    """Write down the first page while somebody waits; a runner does the rest, and what failed."""
    try:
        plan_page(operation, system, FIRST_PAGE)
    except SystemDatabaseError as error:
        logger.info("Operation %s is planned later: %s", operation.pk, error)
    Operation.objects.filter(pk=operation.pk, runner=None).update(due_at=Now())
    wake.set()


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


def claim(runner: uuid.UUID) -> Operation | None:
    """The operation that is due for longest, for this runner alone until its lease runs out."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"runner": runner, "seconds": lease().total_seconds()})
        row = cursor.fetchone()
    return Operation.objects.select_related("user", "entry").get(pk=row[0]) if row else None


def lease() -> timedelta:
    """Longer than any chunk may take."""
    return timedelta(milliseconds=max(20_000, 4 * settings.CONSOLE_STATEMENT_TIMEOUT_MS))


def release(operation: Operation) -> None:
    """Let another runner have it, or another operation the turn."""
    mine = Operation.objects.filter(pk=operation.pk, runner=operation.runner)
    mine.update(runner=None, leased_until=None, due_at=Now())


def postpone(operation: Operation, note: str, *, begun_to: int) -> None:
    """Try again later, and say why it waits; what was begun may be known not to have happened."""
    failures = operation.failures + 1
    wait = timedelta(seconds=min(2 ** min(failures, 9) / 2, _MOST_WAIT_SECONDS))
    mine = Operation.objects.filter(pk=operation.pk, runner=operation.runner)
    mine.update(
        note=note,
        failures=failures,
        begun_to=begun_to,
        due_at=Now() + wait,
        runner=None,
        leased_until=None,
    )


def take_back(operation: Operation, begun_to: int) -> None:
    """Say that what was begun last did not happen."""
    _update(operation, begun_to=begun_to)


def begin(operation: Operation, size: int) -> Chunk | None:
    """Mark the next runs as begun; None if there are none, or the operation is not to go on."""
    start = operation.done_to
    again = operation.begun_to > start
    end = min(start + size, operation.begun_to if again else operation.total)
    if end <= start:
        return None
    mine = Operation.objects.filter(
        pk=operation.pk, runner=operation.runner, state=Operation.State.RUNNING
    )
    begun_to = max(operation.begun_to, end)
    if not mine.update(begun_to=begun_to, leased_until=Now() + lease()):
        return None
    operation.begun_to = begun_to
    return Chunk(_runs(operation, start, end), end, again)


def _runs(operation: Operation, start: int, end: int) -> dict[str, tuple[int, str]]:
    rows = OperationRun.objects.filter(
        operation=operation, position__gt=start, position__lte=end
    ).order_by("position")
    found = rows.values_list("workflow_id", "position", "status")
    return {workflow_id: (position, status) for workflow_id, position, status in found}


def complete(operation: Operation, chunk: Chunk, acted: list[Acted]) -> None:
    """Keep what became of a chunk, all or nothing."""
    kind = kind_of(operation)
    told = [(one, one.outcome or kind.outcome(one.before, again=chunk.again)) for one in acted]
    planned = [pair for pair in told if pair[0].workflow_id in chunk.runs]
    others = [pair for pair in told if pair[0].workflow_id not in chunk.runs]
    counts = Counter(operation.outcomes) + Counter(str(outcome) for _, outcome in planned)
    with transaction.atomic(), connection.cursor() as cursor:
        positions = [chunk.runs[one.workflow_id][0] for one, _ in planned]
        cursor.execute(_COMPLETE, {**_columns(operation, planned), "positions": positions})
        added = 0
        if others:
            last = operation.total + operation.added
            cursor.execute(_ADD, {**_columns(operation, others), "last": last})
            more = Counter(outcome for (outcome,) in cursor.fetchall())
            counts, added = counts + more, more.total()
        operation.outcomes = dict(counts)
        _update(
            operation,
            done_to=chunk.end,
            outcomes=operation.outcomes,
            added=operation.added + added,
            leased_until=Now() + lease(),
            failures=0,
            note="",
        )


def _columns(operation: Operation, told: list[tuple[Acted, Outcome]]) -> dict[str, Any]:
    return {
        "operation": operation.pk,
        "workflow_ids": [one.workflow_id for one, _ in told],
        "outcomes": [str(outcome) for _, outcome in told],
        "befores": [one.before for one, _ in told],
        "details": [one.detail for one, _ in told],
    }


def give_up_chunk(operation: Operation) -> None:
    """Say of runs that were begun, and will not be looked at again, that nobody knows."""
    if operation.begun_to <= operation.done_to:
        return
    runs = _runs(operation, operation.done_to, operation.begun_to)
    chunk = Chunk(runs, operation.begun_to, again=True)
    skips, parameters = kind_of(operation).skips, operation.parameters
    complete(
        operation,
        chunk,
        [
            Acted(
                one,
                status if skips(status, parameters) else None,
                Outcome.SKIPPED if skips(status, parameters) else Outcome.UNKNOWN,
            )
            for one, (_, status) in runs.items()
        ],
    )


def end(operation: Operation, state: Operation.State, note: str) -> None:
    """Close it."""
    _update(operation, state=state, note=note, ended_at=Now(), runner=None, leased_until=None)


def _update(operation: Operation, **values: Any) -> None:
    """Change an operation that this runner, or the one who plans it, has."""
    mine = Operation.objects.filter(pk=operation.pk, runner=operation.runner)
    if not mine.update(**values):
        raise LeaseLost(operation.pk)
    for name, value in values.items():
        if isinstance(value, str | int):
            setattr(operation, name, value)
