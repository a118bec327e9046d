"""Why a run is not running: what of the SDKs' rules for taking runs from queues holds it back.

The database tells limits, who uses them up, and who started runs lately. It does not tell which
executors live, nor on which queues they listen; what follows from that alone is not `certain`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, LiteralString

from client_core.control import INTERNAL_QUEUE_NAME
from client_core.database import Database, Row
from client_core.models import StatusString

#: Counting stops here: more says no more.
CEILING = 1_000
#: Whoever started no run for so long may be gone.
RECENT_MS = 60 * 60 * 1_000

# Each count walks an index of what is in flight, or of what counts against a rate, and stops at
# the ceiling or at the limit. Where there is no table of queues, only their applications know them.
_HELD_BACK: LiteralString = """
WITH run AS (
    SELECT workflow_uuid, status, queue_name, queue_partition_key, priority, created_at,
        application_version, application_name, delay_until_epoch_ms, is_debounced,
        (extract(epoch FROM now()) * 1000)::bigint AS now_ms
    FROM {schema}.workflow_status WHERE workflow_uuid = %(workflow_id)s
), running AS (
    SELECT w.workflow_uuid, w.queue_partition_key = run.queue_partition_key AS is_beside
    FROM run JOIN {schema}.workflow_status w ON w.queue_name = run.queue_name
    WHERE w.status = 'PENDING' LIMIT %(ceiling)s
), ahead AS (
    SELECT FROM run JOIN {schema}.workflow_status w ON w.queue_name = run.queue_name
    WHERE w.status = 'ENQUEUED' AND (w.priority, w.created_at) < (run.priority, run.created_at)
      AND w.queue_partition_key IS NOT DISTINCT FROM run.queue_partition_key
    LIMIT %(ceiling)s
), queue AS (
    SELECT * FROM {schema}.queues  -- since queues
    -- before queues: SELECT run.queue_name AS name,
    -- before queues: NULL::integer AS concurrency, NULL::integer AS partition_concurrency,
    -- before queues: NULL::integer AS rate_limit_max, NULL::integer AS partition_rate_limit_max,
    -- before queues: NULL::float AS rate_limit_period_sec, NULL::integer AS worker_concurrency,
    -- before queues: NULL::float AS partition_rate_limit_period_sec FROM run
)
SELECT run.*, q.name IS NOT NULL AS is_registered, q.concurrency, q.partition_concurrency,
    q.worker_concurrency, q.rate_limit_max, q.partition_rate_limit_max,
    (SELECT array_agg(workflow_uuid) FROM running) AS running_ids,
    (SELECT array_agg(workflow_uuid) FROM running WHERE is_beside) AS beside_ids,
    (SELECT count(*) FROM ahead) AS ahead,
    (
        SELECT started_at_epoch_ms + (q.rate_limit_period_sec * 1000)::bigint
        FROM {schema}.workflow_status w
        WHERE w.queue_name = run.queue_name AND w.rate_limited = TRUE
          AND started_at_epoch_ms > now_ms - (q.rate_limit_period_sec * 1000)::bigint
        ORDER BY started_at_epoch_ms DESC OFFSET q.rate_limit_max - 1 LIMIT 1
    ) AS rate_until_ms,
    (
        SELECT started_at_epoch_ms + (q.partition_rate_limit_period_sec * 1000)::bigint
        FROM {schema}.workflow_status w
        WHERE w.queue_name = run.queue_name AND w.rate_limited = TRUE
          AND w.queue_partition_key = run.queue_partition_key
          AND started_at_epoch_ms > now_ms - (q.partition_rate_limit_period_sec * 1000)::bigint
        ORDER BY started_at_epoch_ms DESC OFFSET q.partition_rate_limit_max - 1 LIMIT 1
    ) AS partition_rate_until_ms,
    (
        -- before application_versions: NULL
-- since application_versions:
        SELECT version_name FROM {schema}.application_versions v
        WHERE run.application_name IS NULL OR v.application_name IS NULL
           OR v.application_name = run.application_name
        ORDER BY version_timestamp DESC LIMIT 1
-- end
    ) AS latest_version
FROM run LEFT JOIN queue q ON q.name = run.queue_name"""

# Who takes runs claims them, so the runs that started last tell who is there.
_EXECUTORS: LiteralString = """
SELECT application_name, application_version, max(started_at_epoch_ms) AS seen_ms
FROM (
    SELECT application_name, application_version, started_at_epoch_ms
    FROM {schema}.workflow_status WHERE started_at_epoch_ms > %(since_ms)s
    ORDER BY started_at_epoch_ms DESC LIMIT %(ceiling)s
) recent
GROUP BY application_name, application_version"""


class ObstacleKind(StrEnum):
    """What may keep a run from being started."""

    #: It waits until ``until_ms``, by its own delay or, ``DEBOUNCED``, until no more calls come.
    DELAYED = "delayed"
    DEBOUNCED = "debounced"
    #: No queue of this ``name`` is registered in the database.
    QUEUE_NOT_REGISTERED = "queue not registered"
    #: The runs ``workflow_ids`` use up the ``limit`` of the queue, or of its partition.
    CONCURRENCY = "concurrency"
    PARTITION_CONCURRENCY = "partition concurrency"
    #: As many runs as the ``limit`` started lately; the next may at ``until_ms``.
    RATE_LIMIT = "rate limit"
    PARTITION_RATE_LIMIT = "partition rate limit"
    #: ``count`` runs of the queue, up to :data:`CEILING`, come before it.
    BEHIND = "behind others"
    #: No executor of the application ``name`` started a run lately.
    APPLICATION_ABSENT = "application absent"
    #: No executor of the version ``name`` did, which alone may run it.
    VERSION_ABSENT = "version absent"
    #: It names no version, so executors of the latest one run it, ``name``; none was seen.
    LATEST_VERSION_ABSENT = "latest version absent"
    #: No executor at all started a run lately.
    NO_EXECUTOR = "no executor"
    #: Each executor runs ``limit`` at once; whether they are full is not recorded.
    WORKER_CONCURRENCY = "worker concurrency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One thing that holds a run back, or may."""

    kind: ObstacleKind
    #: Whether it surely does; otherwise it is likely, and not recorded.
    certain: bool = True
    name: str | None = None
    limit: int | None = None
    count: int | None = None
    until_ms: int | None = None
    workflow_ids: tuple[str, ...] = ()


class Obstacles:
    """The part of the client that tells why a run is not running."""

    _db: Database

    def list_obstacles(self, workflow_id: str) -> list[Obstacle]:
        """What keeps a run that is DELAYED or ENQUEUED from being started, the surest first.

        Empty for any other run, and when nothing that the database knows holds it back: then the
        next executor that looks takes it, if one listens on its queue.
        """
        rows = self._db.read(_HELD_BACK, {"workflow_id": workflow_id, "ceiling": CEILING})
        if not rows or rows[0]["status"] not in (StatusString.DELAYED, StatusString.ENQUEUED):
            return []
        run = rows[0]
        since = {"since_ms": run["now_ms"] - RECENT_MS, "ceiling": CEILING}
        found = [*_of_queue(run), *_of_executors(run, self._db.read(_EXECUTORS, since))]
        return sorted(found, key=lambda obstacle: not obstacle.certain)


def _of_queue(run: Row) -> Iterator[Obstacle]:
    kind = ObstacleKind
    if run["status"] == StatusString.DELAYED:
        why = kind.DEBOUNCED if run["is_debounced"] else kind.DELAYED
        yield Obstacle(kind=why, until_ms=run["delay_until_epoch_ms"])
    name = run["queue_name"]
    if not run["is_registered"] and name != INTERNAL_QUEUE_NAME:
        yield Obstacle(kind=kind.QUEUE_NOT_REGISTERED, certain=False, name=name)
    for why, limit, ids in (
        (kind.CONCURRENCY, run["concurrency"], run["running_ids"]),
        (kind.PARTITION_CONCURRENCY, run["partition_concurrency"], run["beside_ids"]),
    ):
        if limit is not None and len(ids or ()) >= limit:
            yield Obstacle(kind=why, limit=limit, workflow_ids=tuple(ids or ()))
    for why, limit, until in (
        (kind.RATE_LIMIT, run["rate_limit_max"], run["rate_until_ms"]),
        (
            kind.PARTITION_RATE_LIMIT,
            run["partition_rate_limit_max"],
            run["partition_rate_until_ms"],
        ),
    ):
        if until is not None:
            yield Obstacle(kind=why, limit=limit, until_ms=until)
    if run["ahead"]:
        yield Obstacle(kind=kind.BEHIND, count=run["ahead"])
    if (limit := run["worker_concurrency"]) is not None and run["running_ids"]:
        yield Obstacle(kind=kind.WORKER_CONCURRENCY, certain=False, limit=limit)


def _of_executors(run: Row, seen: list[Row]) -> Iterator[Obstacle]:
    owner: Any = run["application_name"]
    if not seen:
        yield Obstacle(kind=ObstacleKind.NO_EXECUTOR, certain=False)
        return
    mine = [one for one in seen if owner is None or one["application_name"] in (owner, None)]
    if not mine:
        yield Obstacle(kind=ObstacleKind.APPLICATION_ABSENT, certain=False, name=owner)
        return
    version = run["application_version"] or run["latest_version"]
    if version is not None and all(one["application_version"] != version for one in mine):
        kind = ObstacleKind
        why = kind.VERSION_ABSENT if run["application_version"] else kind.LATEST_VERSION_ABSENT
        yield Obstacle(kind=why, certain=False, name=version)
