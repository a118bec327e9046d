"""Two runs side by side: which steps both took, how long each was, and where they first differ."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, LiteralString

from client_core.alignment import aligned
from client_core.database import Database, Row
from client_core.models import WorkflowStatus
from client_core.serialization import RawValue, RecordedError, Serialization

#: Of a run with more steps the first are compared.
MOST_STEPS = 5_000
#: Results beyond so many bytes, of both runs together, are compared by size alone.
MOST_BYTES = 64 * 2**20
#: So many runs before a failure are looked at for the last success.
MOST_RUNS = 5_000

# octet_length reads the stored size without unpacking the text.
_OUTLINES: LiteralString = """
(SELECT 0 AS side, function_id, function_name, child_workflow_id, started_at_epoch_ms,
    completed_at_epoch_ms, serialization, error IS NOT NULL AS failed,
    octet_length(COALESCE(error, output)) AS bytes
 FROM {schema}.operation_outputs WHERE workflow_uuid = %(left_id)s
 ORDER BY function_id LIMIT %(limit)s)
UNION ALL
(SELECT 1, function_id, function_name, child_workflow_id, started_at_epoch_ms,
    completed_at_epoch_ms, serialization, error IS NOT NULL,
    octet_length(COALESCE(error, output))
 FROM {schema}.operation_outputs WHERE workflow_uuid = %(right_id)s
 ORDER BY function_id LIMIT %(limit)s)"""

# PostgreSQL compares what it holds, and looks at texts of equal size alone. Each step is looked up
# by itself: a join of thousands was once planned as if every run had a few.
_SAME: LiteralString = """
SELECT p.place, l.result = r.result AS same
FROM unnest(%(places)s::int[], %(left_steps)s::int[], %(right_steps)s::int[])
    AS p(place, left_step, right_step)
CROSS JOIN LATERAL (
    SELECT COALESCE(error, output) AS result FROM {schema}.operation_outputs
    WHERE workflow_uuid = %(left_id)s AND function_id = p.left_step LIMIT 1) l
CROSS JOIN LATERAL (
    SELECT COALESCE(error, output) AS result FROM {schema}.operation_outputs
    WHERE workflow_uuid = %(right_id)s AND function_id = p.right_step LIMIT 1) r"""

_RESULTS: LiteralString = """
SELECT workflow_uuid, function_id, serialization, output, error FROM {schema}.operation_outputs
WHERE workflow_uuid = %(left_id)s AND function_id = ANY(%(left_steps)s)
  AND octet_length(COALESCE(error, output)) <= %(max_bytes)s
UNION ALL
SELECT workflow_uuid, function_id, serialization, output, error FROM {schema}.operation_outputs
WHERE workflow_uuid = %(right_id)s AND function_id = ANY(%(right_steps)s)
  AND octet_length(COALESCE(error, output)) <= %(max_bytes)s"""

# Names have no index, so this walks along that of the times, and not far.
_LAST_SUCCESS: LiteralString = """
SELECT workflow_uuid FROM (
    SELECT workflow_uuid, status, name, class_name, application_name, created_at
    FROM {schema}.workflow_status WHERE created_at <= %(created_at)s
    ORDER BY created_at DESC LIMIT %(look)s
) earlier
WHERE status = 'SUCCESS' AND name = %(name)s
  AND class_name IS NOT DISTINCT FROM %(class_name)s
  AND application_name IS NOT DISTINCT FROM %(application_name)s
ORDER BY created_at DESC LIMIT 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutline:
    """One recorded step without its payload."""

    #: Counts from 1 in Python applications and from 0 in TypeScript ones.
    function_id: int
    function_name: str
    child_workflow_id: str | None
    started_at_epoch_ms: int | None
    completed_at_epoch_ms: int | None
    serialization: str | None
    #: Whether it recorded an error.
    failed: bool
    #: The size of its output or error as it is stored; None where there is none.
    bytes: int | None

    @property
    def duration_ms(self) -> int | None:
        """How long it took; None where that is not recorded."""
        if self.started_at_epoch_ms is None or self.completed_at_epoch_ms is None:
            return None
        return max(0, self.completed_at_epoch_ms - self.started_at_epoch_ms)


class Likeness(StrEnum):
    """How what two runs did at one place compares."""

    #: The same step with the same result.
    SAME = "same"
    #: The same step with another result.
    RESULT = "result"
    #: The same step, whose results cannot be compared: other formats, or too large.
    UNKNOWN = "unknown"
    #: The same step, which failed in one run alone.
    OUTCOME = "outcome"
    #: Another step in each run, or one in one run alone.
    STEP = "step"


@dataclass(frozen=True, slots=True)
class StepPair:
    """What two runs did at one place; None where one did nothing there."""

    left: StepOutline | None
    right: StepOutline | None
    likeness: Likeness

    @property
    def diverges(self) -> bool:
        """Whether the runs went different ways here."""
        return self.likeness in (Likeness.STEP, Likeness.OUTCOME)

    @property
    def ratio(self) -> float | None:
        """How many times as long the right one took; None where that says nothing."""
        if not (self.left and self.right) or self.likeness == Likeness.STEP:
            return None
        one, other = self.left.duration_ms, self.right.duration_ms
        return other / one if one and other is not None else None


@dataclass(frozen=True, slots=True)
class StepComparison:
    """The steps of two runs side by side. Places count from 0."""

    pairs: tuple[StepPair, ...]
    #: Whether one of them has more steps than are compared.
    is_cut: bool

    @property
    def divergence(self) -> int | None:
        """The first place where the runs went different ways."""
        return self._first(Likeness.STEP, Likeness.OUTCOME)

    @property
    def outcome_difference(self) -> int | None:
        """The first place where the same step failed in one run alone."""
        return self._first(Likeness.OUTCOME)

    @property
    def result_difference(self) -> int | None:
        """The first place where the same step gave another result."""
        return self._first(Likeness.RESULT)

    @property
    def first_unknown(self) -> int | None:
        """The first place where it cannot be told whether the results are the same."""
        return self._first(Likeness.UNKNOWN)

    def _first(self, *wanted: Likeness) -> int | None:
        return next((i for i, pair in enumerate(self.pairs) if pair.likeness in wanted), None)


class Comparison:
    """The part of the client that puts two runs side by side."""

    _db: Database
    _serialization: Serialization

    def compare_steps(self, left_id: str, right_id: str) -> StepComparison:
        """The steps of two runs, paired by their names in order. No payload leaves the database.

        Results are the same when their stored text is. Of each run the first
        :data:`MOST_STEPS` steps are compared.
        """
        ids = {"left_id": left_id, "right_id": right_id}
        sides: tuple[list[StepOutline], list[StepOutline]] = ([], [])
        for row in self._db.read(_OUTLINES, {**ids, "limit": MOST_STEPS + 1}):
            sides[row.pop("side")].append(StepOutline(**row))
        left, right = (sorted(side, key=lambda step: step.function_id) for side in sides)
        is_cut = max(len(left), len(right)) > MOST_STEPS
        left, right = left[:MOST_STEPS], right[:MOST_STEPS]
        names = ([step.function_name for step in side] for side in (left, right))
        pairs = [
            _pair(None if i is None else left[i], None if j is None else right[j])
            for i, j in aligned(*names)
        ]
        return StepComparison(tuple(self._with_results(ids, pairs)), is_cut)

    def step_results(
        self, left_id: str, right_id: str, pairs: list[StepPair], *, max_payload_bytes: int
    ) -> list[tuple[Any, Any]]:
        """The outputs or errors of these pairs; None where there is none, or it is larger."""
        sides = [[pair.left for pair in pairs], [pair.right for pair in pairs]]
        steps = [[step.function_id for step in side if step] for side in sides]
        ids = (left_id, right_id)
        rows = self._db.read(
            _RESULTS,
            {
                "left_id": left_id,
                "right_id": right_id,
                "left_steps": steps[0],
                "right_steps": steps[1],
                "max_bytes": max_payload_bytes,
            },
        )
        found = {(row["workflow_uuid"], row["function_id"]): self._result(row) for row in rows}
        return [
            (
                found.get((ids[0], pair.left.function_id)) if pair.left else None,
                found.get((ids[1], pair.right.function_id)) if pair.right else None,
            )
            for pair in pairs
        ]

    def last_success_before(self, run: WorkflowStatus) -> str | None:
        """The ID of the run of the same workflow that succeeded last before this one was created.

        None if there is none among the :data:`MOST_RUNS` runs before it.
        """
        rows = self._db.read(
            _LAST_SUCCESS,
            {
                "created_at": run.created_at,
                "look": MOST_RUNS,
                "name": run.name,
                "class_name": run.class_name,
                "application_name": run.application_name,
            },
        )
        return rows[0]["workflow_uuid"] if rows else None

    def _with_results(self, ids: dict[str, str], pairs: list[StepPair]) -> Iterator[StepPair]:
        """The pairs, those of equal size compared as far as the budget goes."""
        chosen: dict[str, list[int]] = defaultdict(list)
        budget = MOST_BYTES
        for place, pair in enumerate(pairs):
            if pair.likeness != Likeness.UNKNOWN or not (pair.left and pair.right):
                continue
            if pair.left.serialization != pair.right.serialization:
                continue
            budget -= 2 * (pair.left.bytes or 0)
            if budget < 0:
                break
            chosen["places"].append(place)
            chosen["left_steps"].append(pair.left.function_id)
            chosen["right_steps"].append(pair.right.function_id)
        same = {}
        if chosen:
            rows = self._db.read(_SAME, {**ids, **chosen})
            same = {row["place"]: Likeness.SAME if row["same"] else Likeness.RESULT for row in rows}
        for place, pair in enumerate(pairs):
            yield replace(pair, likeness=same[place]) if place in same else pair

    def _result(self, row: Row) -> Any | RecordedError | RawValue:
        read, name = self._serialization, row["serialization"]
        if row["error"] is not None:
            return read.decode_error(row["error"], name)
        return read.decode_value(row["output"], name)


def _pair(left: StepOutline | None, right: StepOutline | None) -> StepPair:
    """A pair, compared by all that is known without its results."""
    return StepPair(left, right, _likeness(left, right))


def _likeness(left: StepOutline | None, right: StepOutline | None) -> Likeness:
    if left is None or right is None or left.function_name != right.function_name:
        return Likeness.STEP
    if left.failed != right.failed:
        return Likeness.OUTCOME
    if left.bytes is None and right.bytes is None:
        return Likeness.SAME
    if left.serialization != right.serialization:
        return Likeness.UNKNOWN
    return Likeness.UNKNOWN if left.bytes == right.bytes else Likeness.RESULT
