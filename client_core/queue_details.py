"""One queue from near: what runs on it, what is next, and its partitions."""

from dataclasses import dataclass
from typing import Final, LiteralString

from client_core.database import Database
from client_core.queue_activity import MOST_COUNTED, MOST_STARTS

#: So many runs are named of those that run, and of those that are next.
RUNS_NAMED: Final = 12
#: So many partitions and executors are told, the busiest first.
PARTITIONS_NAMED: Final = 50
EXECUTORS_NAMED: Final = 20

# Both lists end at a ceiling, in the order of the index: the first of it are those that are next.
_DETAILS: LiteralString = """
WITH running AS MATERIALIZED (
    SELECT workflow_uuid AS workflow_id, name, priority, queue_partition_key AS partition_key,
        created_at, started_at_epoch_ms AS started_ms, executor_id
    FROM {schema}.workflow_status WHERE queue_name = %(name)s AND status = 'PENDING'
    ORDER BY priority, created_at LIMIT %(most_counted)s
), waiting AS MATERIALIZED (
    SELECT workflow_uuid AS workflow_id, name, priority, queue_partition_key AS partition_key,
        created_at, NULL::bigint AS started_ms, NULL AS executor_id
    FROM {schema}.workflow_status WHERE queue_name = %(name)s AND status = 'ENQUEUED'
    ORDER BY priority, created_at LIMIT %(most_counted)s
), longest AS (
    SELECT * FROM running ORDER BY started_ms, workflow_id LIMIT %(runs_named)s
), next AS (
    SELECT * FROM waiting ORDER BY priority, created_at, workflow_id LIMIT %(runs_named)s
), partitions AS (
    SELECT partition_key, count(*) FILTER (WHERE NOT runs) AS waiting,
        count(*) FILTER (WHERE runs) AS running
    FROM (
        SELECT partition_key, FALSE AS runs FROM waiting
        UNION ALL SELECT partition_key, TRUE FROM running
    ) active
    WHERE partition_key IS NOT NULL GROUP BY partition_key
    ORDER BY count(*) DESC, partition_key LIMIT %(partitions_named)s + 1
), executors AS (
    SELECT executor_id, count(*) AS running FROM running GROUP BY executor_id
    ORDER BY count(*) DESC, executor_id LIMIT %(executors_named)s
), rate AS (
-- since queues:
    SELECT rate_limit_max, (rate_limit_period_sec * 1000)::bigint AS period_ms
    FROM {schema}.queues WHERE name = %(name)s AND rate_limit_max <= %(most_starts)s
-- end
    -- before queues: SELECT 0 AS rate_limit_max, 0 AS period_ms WHERE FALSE
)
SELECT
    (SELECT json_agg(longest ORDER BY started_ms, workflow_id) FROM longest) AS running,
    (SELECT json_agg(next ORDER BY priority, created_at, workflow_id) FROM next) AS next,
    (SELECT json_agg(partitions ORDER BY waiting + running DESC, partition_key)
     FROM partitions) AS partitions,
    (SELECT json_agg(executors ORDER BY running DESC, executor_id) FROM executors) AS executors,
    (SELECT count(*) FROM waiting WHERE partition_key IS NULL) AS keyless,
    (SELECT count(*) FROM waiting) >= %(most_counted)s
        OR (SELECT count(*) FROM running) >= %(most_counted)s AS is_cut,
    (
        SELECT started_at_epoch_ms + (SELECT period_ms FROM rate)
        FROM {schema}.workflow_status w
        WHERE w.queue_name = %(name)s AND w.rate_limited = TRUE
          AND w.status NOT IN ('ENQUEUED', 'DELAYED')
          AND started_at_epoch_ms
              > (extract(epoch FROM now()) * 1000)::bigint - (SELECT period_ms FROM rate)
        ORDER BY started_at_epoch_ms DESC OFFSET (SELECT rate_limit_max - 1 FROM rate) LIMIT 1
    ) AS rate_until_ms"""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRun:
    """A run that is on a queue."""

    workflow_id: str
    name: str | None
    #: Low first; 0 is unset, which comes before all.
    priority: int
    partition_key: str | None
    created_at: int
    #: When it was taken, and by whom; None while it waits.
    started_ms: int | None
    executor_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePartition:
    """A partition of a queue."""

    partition_key: str
    waiting: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDetails:
    """What is on a queue, of up to 1,000 runs that run and the 1,000 that are next."""

    #: The longest first, and those that are next in their order.
    running: list[QueuedRun]
    next: list[QueuedRun]
    #: The busiest first; up to one more than :data:`PARTITIONS_NAMED`.
    partitions: list[QueuePartition]
    #: The busiest executors, with how many runs of the queue each has.
    executors: list[tuple[str | None, int]]
    #: How many of those that wait have no partition key.
    keyless: int
    #: Whether there may be more runs than were looked at.
    is_cut: bool
    #: When the rate limit lets the next run start; None if it does so now.
    rate_until_ms: int | None


class QueueViews:
    """The part of the client that shows one queue from near."""

    _db: Database

    def get_queue_details(self, name: str) -> QueueDetails:
        """What runs on a queue and what is next, registered or not, in one bounded question."""
        params = {
            "name": name,
            "most_counted": MOST_COUNTED,
            "most_starts": MOST_STARTS,
            "runs_named": RUNS_NAMED,
            "partitions_named": PARTITIONS_NAMED,
            "executors_named": EXECUTORS_NAMED,
        }
        row = self._db.read(_DETAILS, params)[0]
        return QueueDetails(
            running=[QueuedRun(**one) for one in row["running"] or []],
            next=[QueuedRun(**one) for one in row["next"] or []],
            partitions=[QueuePartition(**one) for one in row["partitions"] or []],
            executors=[(one["executor_id"], one["running"]) for one in row["executors"] or []],
            keyless=row["keyless"],
            is_cut=row["is_cut"],
            rate_until_ms=row["rate_until_ms"],
        )
