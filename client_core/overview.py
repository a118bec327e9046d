"""One run from afar: where its time went, its children and forks; without a payload."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

from client_core.database import Database, Row
from client_core.models import ACTIVE, WorkflowStatus

#: Steps, children and forks are looked at up to here: more says no more.
MOST_STEPS = 10_000
MOST_CHILDREN = 1_000
#: Parts of the strip, the longest steps told, and the relatives named.
PARTS = 32
LONGEST = 24
RELATIVES = 10

# Steps that a fork took over happened before it: they stand in no part of its time. Where no times
# are kept the parts are of equal numbers of steps.
_OVERVIEW: LiteralString = """
WITH steps AS MATERIALIZED (
    SELECT function_id, function_name, child_workflow_id, has_failed, completed_ms,
        CASE WHEN started_ms >= %(since_ms)s THEN started_ms END AS started_ms,
        row_number() OVER (ORDER BY function_id) - 1 AS place
    FROM (
        SELECT function_id, function_name, child_workflow_id, error IS NOT NULL AS has_failed,
            started_at_epoch_ms AS started_ms, completed_at_epoch_ms AS completed_ms
        FROM {schema}.operation_outputs WHERE workflow_uuid = %(workflow_id)s
        ORDER BY function_id LIMIT %(most_steps)s
    ) first_steps
), axis AS (
    SELECT count(*) AS count, count(*) FILTER (WHERE has_failed) AS failed,
        count(started_ms) > 0 AS is_timed,
        LEAST(min(started_ms), %(start_ms)s) AS start_ms,
        GREATEST(%(end_ms)s, max(started_ms) + 1) AS end_ms
    FROM steps
), parts AS (
    SELECT part, count(*) AS count, count(*) FILTER (WHERE has_failed) AS failed,
        min(function_id) AS first_id, max(function_id) AS last_id
    FROM steps, axis, LATERAL (SELECT CASE
        WHEN NOT is_timed THEN place * %(parts)s / axis.count
        WHEN started_ms IS NOT NULL THEN
            LEAST((started_ms - start_ms) * %(parts)s / (end_ms - start_ms), %(parts)s - 1)
        END AS part) placed
    WHERE part IS NOT NULL GROUP BY part
), longest AS (
    SELECT function_id, function_name, child_workflow_id, has_failed, started_ms, completed_ms
    FROM steps WHERE completed_ms > started_ms
    ORDER BY completed_ms - started_ms DESC LIMIT %(longest)s
), newest AS (
    SELECT function_id, function_name, started_at_epoch_ms AS started_ms, serialization,
        CASE WHEN octet_length(output) <= 64 THEN output END AS output
    FROM {schema}.operation_outputs WHERE workflow_uuid = %(workflow_id)s
    ORDER BY function_id DESC LIMIT 2
), children AS MATERIALIZED (
    SELECT workflow_uuid AS workflow_id, name, status, created_at,
        started_at_epoch_ms AS started_ms, completed_at AS completed_ms
    FROM {schema}.workflow_status WHERE parent_workflow_id = %(workflow_id)s
    LIMIT %(most_children)s
), noted AS (
    SELECT * FROM children
    ORDER BY status IN ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED') DESC, status = 'PENDING' DESC,
        created_at, workflow_id LIMIT %(relatives)s
), forks AS (
    SELECT workflow_uuid AS workflow_id, name, status, created_at,
        started_at_epoch_ms AS started_ms, completed_at AS completed_ms
    FROM {schema}.workflow_status WHERE forked_from = %(workflow_id)s LIMIT %(relatives)s + 1
)
SELECT axis.*,
    (SELECT json_agg(parts ORDER BY part) FROM parts) AS parts,
    (SELECT json_agg(longest) FROM longest) AS longest,
    (SELECT json_agg(newest) FROM newest) AS newest,
    (SELECT json_object_agg(status, number) FROM (
        SELECT status, count(*) AS number FROM children GROUP BY status) counted) AS by_status,
    (SELECT json_agg(noted) FROM noted) AS children,
    (SELECT json_agg(forks) FROM forks) AS forks,
    EXISTS (SELECT FROM {schema}.workflow_events WHERE workflow_uuid = %(workflow_id)s)
    OR EXISTS (SELECT FROM {schema}.notifications WHERE destination_uuid = %(workflow_id)s)
    OR EXISTS (SELECT FROM {schema}.streams WHERE workflow_uuid = %(workflow_id)s) AS has_exchange
FROM axis"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a run: the steps that began in it."""

    part: int
    count: int
    failed: int
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A step that took long."""

    function_id: int
    function_name: str
    child_workflow_id: str | None
    has_failed: bool
    started_ms: int
    completed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A child or a fork of a run."""

    workflow_id: str
    name: str | None
    status: str
    created_at: int
    started_ms: int | None
    completed_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A run from afar. Counts end at :data:`MOST_STEPS` and :data:`MOST_CHILDREN`."""

    #: Of the steps.
    count: int
    failed: int
    #: Whether the database keeps the times of steps.
    is_timed: bool
    #: The axis of time: from the run's start to its end or, while it runs, now.
    start_ms: int
    end_ms: int
    parts: list[Part]
    longest: list[Span]
    #: Until when it sleeps, or waits for a message or an event at the latest; None: it does not.
    sleeps_until_ms: int | None
    waits_until_ms: int | None
    #: Since when it does either.
    waits_since_ms: int | None
    children_by_status: Mapping[str, int] = field(default_factory=dict)
    #: Some of them: those that failed first, then those that run.
    children: list[Relative]
    #: Up to one more than :data:`RELATIVES`.
    forks: list[Relative]
    #: Whether it has events, messages or streams.
    has_exchange: bool

    @property
    def children_count(self) -> int:
        """How many children it has, up to :data:`MOST_CHILDREN`."""
        return sum(self.children_by_status.values())

    @property
    def has_active_children(self) -> bool:
        """Whether a child may still come to run or to an end by itself."""
        return not ACTIVE.isdisjoint(self.children_by_status)


class Overviews:
    """The part of the client that shows one run from afar."""

    _db: Database

    def get_overview(self, run: WorkflowStatus, *, now_ms: int) -> Overview:
        """Where the time of a run went, and who its relatives are, in one bounded question."""
        start = run.dequeued_at or run.created_at
        end = now_ms if run.is_active else run.completed_at or run.updated_at
        rows = self._db.read(
            _OVERVIEW,
            {
                "workflow_id": run.workflow_id,
                "since_ms": run.created_at if run.forked_from else -(2**62),
                "start_ms": start,
                "end_ms": max(start + 1, end),
                "most_steps": MOST_STEPS,
                "most_children": MOST_CHILDREN,
                "parts": PARTS,
                "longest": LONGEST,
                "relatives": RELATIVES,
            },
        )
        row = rows[0]
        is_sleep, until = _sleep(row["newest"] or [], now_ms) if run.is_active else (False, None)
        return Overview(
            count=row["count"],
            failed=row["failed"],
            is_timed=row["is_timed"],
            start_ms=row["start_ms"],
            end_ms=row["end_ms"],
            parts=[Part(**part) for part in row["parts"] or []],
            longest=[Span(**span) for span in row["longest"] or []],
            sleeps_until_ms=until if is_sleep else None,
            waits_until_ms=None if is_sleep else until,
            waits_since_ms=None if until is None else row["newest"][0]["started_ms"],
            children_by_status=row["by_status"] or {},
            children=[Relative(**one) for one in row["children"] or []],
            forks=[Relative(**one) for one in row["forks"] or []],
            has_exchange=row["has_exchange"],
        )


def _sleep(newest: list[Row], now_ms: int) -> tuple[bool, int | None]:
    """Whether the newest step is a sleep of its own, and until when it lasts, if it does.

    ``recv`` and ``getEvent`` record their time-out as a sleep, and themselves when they are over,
    under the ID before it: until then that ID is free.
    """
    if not newest or newest[0]["function_name"] != "DBOS.sleep":
        return False, None
    until = wake_ms(newest[0]["output"])
    if until is None or until <= now_ms:
        return False, None
    if len(newest) > 1:
        return newest[1]["function_id"] == newest[0]["function_id"] - 1, until
    # Steps count from 1 in Python and from 0 in TypeScript.
    return newest[0]["function_id"] == (1 if _in_seconds(newest[0]["output"]) else 0), until


def wake_ms(output: Any) -> int | None:
    """When a recorded sleep ends: the SDKs write seconds in Python, milliseconds in TypeScript."""
    try:
        moment = float(output)
    except (TypeError, ValueError):
        return None
    if not 0 < moment < 2**53:
        return None
    return round(moment * 1_000 if _in_seconds(moment) else moment)


def _in_seconds(moment: Any) -> bool:
    return float(moment) < 1e11
