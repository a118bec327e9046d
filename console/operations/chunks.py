"""Operations on many runs: how they are claimed by a runner, and go on chunk by chunk.

A plan is the exact IDs, written down before anything is done. A chunk is marked as begun before it
is acted on and completed after it, so that what a crash left open is known.
"""

import threading
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any, NamedTuple, TypeAlias

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from client_core import Descendant
from console.models import Operation, OperationRun
from console.operations.kinds import KINDS, Kind

State: TypeAlias = Operation.State
Outcome: TypeAlias = OperationRun.Outcome

_MOST_WAIT_SECONDS = 30

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

_COMPLETE = """
UPDATE console_operationrun run
SET outcome = given.outcome, before = given.before, detail = given.detail
FROM unnest(%(positions)s::integer[], %(outcomes)s::text[], %(befores)s::text[],
    %(details)s::text[]) AS given (position, outcome, before, detail)
WHERE run.operation_id = %(operation)s AND run.position = given.position"""

# Runs that were not in the plan: what those of a chunk had started. Without an outcome they are
# only noted.
_ADD = """
INSERT INTO console_operationrun
    (operation_id, position, workflow_id, status, before, outcome, detail)
SELECT %(operation)s, %(last)s + row_number() OVER (), given.workflow_id,
    COALESCE(given.status, given.before), given.before, given.outcome, given.detail
FROM unnest(%(workflow_ids)s::text[], %(statuses)s::text[], %(outcomes)s::text[],
    %(befores)s::text[], %(details)s::text[])
    AS given (workflow_id, status, outcome, before, detail)
WHERE NOT EXISTS (
    SELECT FROM console_operationrun seen
    WHERE seen.operation_id = %(operation)s AND seen.workflow_id = given.workflow_id)
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


def kind_of(operation: Operation) -> Kind:
    """What the operation does."""
    return KINDS[operation.action]


def chunk_of(operation: Operation) -> int:
    """How many runs are acted on in one go."""
    kind = kind_of(operation)
    return kind.family_chunk if operation.parameters.get("children") else kind.chunk


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
    update(operation, begun_to=begun_to)


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


def note(operation: Operation, below: list[Descendant]) -> None:
    """Write down runs that were not in the plan, before they are acted on."""
    nothing: list[str | None] = [None] * len(below)
    params: dict[str, Any] = {
        "operation": operation.pk,
        "last": operation.total + operation.added,
        "workflow_ids": [one.workflow_id for one in below],
        "statuses": [one.status for one in below],
        "outcomes": nothing,
        "befores": nothing,
        "details": [started_by(one) for one in below],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ADD, params)
        added = operation.added + len(cursor.fetchall())
        update(operation, added=added, leased_until=Now() + lease())


def started_by(one: Descendant) -> str:
    """Why a run is among those of an operation that had not planned it."""
    return f"started by {one.parent_id}"


def noted(operation: Operation) -> dict[str, tuple[int, str]]:
    """Runs that were written down like that, and have no outcome yet."""
    if not operation.added:
        return {}
    rows = OperationRun.objects.filter(
        operation=operation, position__gt=operation.total, outcome=None
    )
    found = rows.values_list("workflow_id", "position", "status")
    return {workflow_id: (position, status) for workflow_id, position, status in found}


def keep(operation: Operation) -> None:
    """Keep the lease in the middle of a long chunk."""
    update(operation, leased_until=Now() + lease())


def complete(operation: Operation, chunk: Chunk, acted: list[Acted]) -> None:
    """Keep what became of a chunk, all or nothing."""
    kind, known = kind_of(operation), chunk.runs | noted(operation)
    told = [(one, one.outcome or kind.outcome(one.before, again=chunk.again)) for one in acted]
    written = [pair for pair in told if pair[0].workflow_id in known]
    others = [pair for pair in told if pair[0].workflow_id not in known]
    counts = Counter(operation.outcomes) + Counter(str(outcome) for _, outcome in written)
    with transaction.atomic(), connection.cursor() as cursor:
        positions = [known[one.workflow_id][0] for one, _ in written]
        cursor.execute(_COMPLETE, {**_columns(operation, written), "positions": positions})
        added = 0
        if others:
            last = operation.total + operation.added
            unsaid: dict[str, Any] = {"statuses": [None] * len(others), "last": last}
            cursor.execute(_ADD, {**_columns(operation, others), **unsaid})
            more = Counter(outcome for (outcome,) in cursor.fetchall())
            counts, added = counts + more, more.total()
        operation.outcomes = dict(counts)
        update(
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
    below = [Acted(one, None, Outcome.UNKNOWN) for one in noted(operation)]
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
        ]
        + below,
    )


def end(operation: Operation, state: Operation.State, note: str) -> None:
    """Close it."""
    update(operation, state=state, note=note, ended_at=Now(), runner=None, leased_until=None)


def update(operation: Operation, **values: Any) -> None:
    """Change an operation that this runner, or the one who plans it, has."""
    mine = Operation.objects.filter(pk=operation.pk, runner=operation.runner)
    if not mine.update(**values):
        raise LeaseLost(operation.pk)
    for name, value in values.items():
        if isinstance(value, str | int):
            setattr(operation, name, value)
