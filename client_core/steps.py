"""The steps of one run as people read them: a page at a time, repetitions folded into one row."""

from dataclasses import dataclass
from typing import LiteralString

from client_core.database import Database, Row
from client_core.models import StepInfo
from client_core.serialization import RawValue, Serialization

#: So many steps of one name in a row are shown each; of more, one row tells.
MOST_ALIKE = 4
#: A page looks at no more steps than this, however many it folds.
MOST_SCANNED = 2_000
_MAX_INT4 = 2**31 - 1

# Cut before it is sorted, folded and joined: the primary key gives the steps in order, and
# payloads are fetched for the rows of the page alone.
_ROWS: LiteralString = """
WITH scanned AS (
    SELECT function_id, function_name, child_workflow_id IS NOT NULL AS is_child,
        started_at_epoch_ms AS started_ms, completed_at_epoch_ms AS completed_ms,
        error IS NOT NULL AS has_failed
    FROM {schema}.operation_outputs
    WHERE workflow_uuid = %(workflow_id)s
      AND function_id > %(after)s AND function_id <= %(last)s
      AND (%(name)s::text IS NULL OR strpos(lower(function_name), lower(%(name)s::text)) > 0)
      AND (NOT %(only_errors)s OR error IS NOT NULL)
    ORDER BY function_id LIMIT %(scanned)s
), marked AS (
    SELECT *, CASE WHEN (function_name, is_child, has_failed) IS DISTINCT FROM
        lag((function_name, is_child, has_failed)) OVER (ORDER BY function_id)
        THEN 1 ELSE 0 END AS begins
    FROM scanned
), numbered AS (
    SELECT *, sum(begins) OVER (ORDER BY function_id) AS stretch FROM marked
), sized AS (
    SELECT *, count(*) OVER (PARTITION BY stretch) AS alike FROM numbered
), folded AS (
    SELECT min(function_id) AS first_id, max(function_id) AS last_id, count(*) AS count,
        min(started_ms) AS started_ms, max(completed_ms) AS completed_ms,
        sum(completed_ms - started_ms)::bigint AS total_ms
    FROM sized
    GROUP BY stretch, CASE WHEN alike <= %(most_alike)s THEN function_id END
    ORDER BY first_id LIMIT %(limit)s
)
SELECT f.*, f.first_id AS function_id, f.started_ms AS started_at_epoch_ms,
    f.completed_ms AS completed_at_epoch_ms, (SELECT max(function_id) FROM scanned) AS scanned_to,
    (SELECT count(*) FROM scanned) AS scanned_count,
    o.function_name, o.child_workflow_id, o.serialization, o.error IS NOT NULL AS has_failed,
    CASE WHEN f.count = 1 AND octet_length(o.output) <= %(max_bytes)s THEN o.output END AS output,
    CASE WHEN f.count = 1 AND octet_length(o.error) <= %(max_bytes)s THEN o.error END AS error,
    CASE WHEN f.count = 1 THEN octet_length(o.output) END AS output_bytes,
    CASE WHEN f.count = 1 THEN octet_length(o.error) END AS error_bytes,
    c.status AS child_status, c.created_at AS child_created_ms,
    c.started_at_epoch_ms AS child_started_ms, c.completed_at AS child_completed_ms
FROM folded f
CROSS JOIN LATERAL (
    SELECT * FROM {schema}.operation_outputs
    WHERE workflow_uuid = %(workflow_id)s AND function_id = f.first_id LIMIT 1
) o
LEFT JOIN {schema}.workflow_status c ON c.workflow_uuid = o.child_workflow_id AND f.count = 1
ORDER BY f.first_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step, or several of one name in a row. Times are epoch milliseconds."""

    first_id: int
    last_id: int
    count: int
    #: The first of them; of several it is without payloads.
    step: StepInfo
    has_failed: bool
    started_ms: int | None
    completed_ms: int | None
    #: How long all of them took together; None in databases that keep no times.
    total_ms: int | None
    #: Of a child workflow, now.
    child_status: str | None
    child_started_ms: int | None
    child_completed_ms: int | None


@dataclass(frozen=True, slots=True)
class StepPage:
    """A page of steps; ``next_after`` begins the next one, None where there is none."""

    rows: list[StepRow]
    next_after: int | None


class Steps:
    """The part of the client that reads the steps of one run."""

    _db: Database
    _serialization: Serialization

    def list_step_rows(
        self,
        workflow_id: str,
        *,
        limit: int = 100,
        after: int = -1,
        last: int | None = None,
        name: str | None = None,
        only_errors: bool = False,
        fold: bool = True,
        max_payload_bytes: int = 32 * 2**10,
    ) -> StepPage:
        """The steps with a ``function_id`` above ``after``, up to ``last``, in order.

        ``name`` is any part of the name. More than :data:`MOST_ALIKE` successes, or failures, of
        one name in a row are one row unless ``fold`` is False.
        """
        rows = self._db.read(
            _ROWS,
            {
                "workflow_id": workflow_id,
                "after": after,
                "last": _MAX_INT4 if last is None else last,
                "name": name or None,
                "only_errors": only_errors,
                "scanned": MOST_SCANNED if fold else limit + 1,
                "most_alike": MOST_ALIKE if fold else _MAX_INT4,
                "limit": limit + 1,
                "max_bytes": max_payload_bytes,
            },
        )
        page = [self._step_row(row) for row in rows[:limit]]
        if len(rows) > limit:
            return StepPage(page, page[-1].last_id)
        has_more = fold and bool(rows) and rows[0]["scanned_count"] == MOST_SCANNED
        return StepPage(page, rows[0]["scanned_to"] if has_more else None)

    def _step_row(self, row: Row) -> StepRow:
        return StepRow(
            first_id=row["first_id"],
            last_id=row["last_id"],
            count=row["count"],
            step=read_step(row, self._serialization),
            has_failed=row["has_failed"],
            started_ms=row["started_ms"],
            completed_ms=row["completed_ms"],
            total_ms=row["total_ms"],
            child_status=row["child_status"],
            child_started_ms=row["child_started_ms"] or row["child_created_ms"],
            child_completed_ms=row["child_completed_ms"],
        )


def read_step(row: Row, decode: Serialization) -> StepInfo:
    """A step from its row, with a description of each payload that was left because of its size."""
    name, output, error = row["serialization"], row["output"], row["error"]
    return StepInfo(
        function_id=row["function_id"],
        function_name=row["function_name"],
        output=cut(output, row["output_bytes"], name) or decode.decode_value(output, name),
        error=cut(error, row["error_bytes"], name) or decode.decode_error(error, name),
        child_workflow_id=row["child_workflow_id"],
        started_at_epoch_ms=row["started_at_epoch_ms"],
        completed_at_epoch_ms=row["completed_at_epoch_ms"],
    )


def cut(text: str | None, size: int | None, format_name: str | None) -> RawValue | None:
    """What stands for a payload that was left in the database because of its size."""
    if size is None or text is not None:
        return None
    return RawValue("", format_name, f"Not fetched: it has {size:,} bytes.")
