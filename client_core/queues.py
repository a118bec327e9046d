"""Queues: the limits under which runs are taken from them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, LiteralString, TypedDict, Unpack

from client_core.database import Database, Row, until_found
from client_core.errors import InvalidOption
from client_core.options import text_rule
from client_core.ownership import assert_owner
from client_core.queue_rules import broken_limits, broken_name
from client_core.records import Queue, RateLimit
from client_core.resource_errors import NonExistentQueue

# By name whoever owns it, or what some applications own and what nobody does. The row version makes
# sure that an update was checked against the very limits that it changes.
_READ: LiteralString = """
SELECT name, concurrency, worker_concurrency, rate_limit_max, rate_limit_period_sec,
    partition_concurrency, partition_worker_concurrency, partition_rate_limit_max,
    partition_rate_limit_period_sec, polling_interval_sec, created_at, updated_at,
    application_name, xmin::text AS row_version
FROM {schema}.queues
WHERE (%(name)s::text IS NULL OR name = %(name)s)
  AND (%(application_names)s::text[] IS NULL OR application_name IS NULL
       OR application_name = ANY(%(application_names)s))
ORDER BY name"""

# priority_enabled and partition_queue are what older SDKs read. The last arm has a row only if
# nothing was written; then it says who is in the way.
_REGISTER: LiteralString = """
WITH written AS (
    INSERT INTO {schema}.queues AS q (
        name, concurrency, worker_concurrency, rate_limit_max, rate_limit_period_sec,
        partition_concurrency, partition_worker_concurrency, partition_rate_limit_max,
        partition_rate_limit_period_sec, polling_interval_sec, application_name, priority_enabled,
        partition_queue
    )
    VALUES (
        %(name)s, %(concurrency)s, %(worker_concurrency)s, %(rate_limit_max)s,
        %(rate_limit_period_sec)s, %(partition_concurrency)s, %(partition_worker_concurrency)s,
        %(partition_rate_limit_max)s, %(partition_rate_limit_period_sec)s,
        %(polling_interval_sec)s, %(application_name)s, TRUE, %(partition_queue)s
    )
    ON CONFLICT (name) DO UPDATE SET
        concurrency = excluded.concurrency, worker_concurrency = excluded.worker_concurrency,
        rate_limit_max = excluded.rate_limit_max,
        rate_limit_period_sec = excluded.rate_limit_period_sec,
        partition_concurrency = excluded.partition_concurrency,
        partition_worker_concurrency = excluded.partition_worker_concurrency,
        partition_rate_limit_max = excluded.partition_rate_limit_max,
        partition_rate_limit_period_sec = excluded.partition_rate_limit_period_sec,
        polling_interval_sec = excluded.polling_interval_sec,
        application_name = COALESCE(q.application_name, excluded.application_name),
        priority_enabled = TRUE, partition_queue = excluded.partition_queue,
        updated_at = excluded.updated_at
    WHERE %(update_existing)s AND (q.application_name IS NULL
        OR COALESCE(excluded.application_name, q.application_name) = q.application_name)
    RETURNING q.*
)
SELECT * FROM written
UNION ALL
SELECT * FROM {schema}.queues WHERE name = %(name)s AND NOT EXISTS (SELECT FROM written)"""

_UPDATE: LiteralString = """
UPDATE {schema}.queues
SET concurrency = %(concurrency)s, worker_concurrency = %(worker_concurrency)s,
    rate_limit_max = %(rate_limit_max)s, rate_limit_period_sec = %(rate_limit_period_sec)s,
    partition_concurrency = %(partition_concurrency)s,
    partition_worker_concurrency = %(partition_worker_concurrency)s,
    partition_rate_limit_max = %(partition_rate_limit_max)s,
    partition_rate_limit_period_sec = %(partition_rate_limit_period_sec)s,
    polling_interval_sec = %(polling_interval_sec)s,
    partition_queue = CASE WHEN %(partitions_change)s THEN %(partition_queue)s
                           ELSE partition_queue END,
    updated_at = (extract(epoch FROM now()) * 1000)::bigint
WHERE name = %(name)s AND xmin::text = %(row_version)s
RETURNING *"""

_DELETE: LiteralString = "DELETE FROM {schema}.queues WHERE name = %(name)s RETURNING name"

OnConflict = Literal["always_update", "never_update"]


class QueueLimits(TypedDict, total=False):
    """What may be set on a queue; see :class:`Queue`."""

    global_concurrency: int | None
    worker_concurrency: int | None
    limiter: RateLimit | None
    partition_concurrency: int | None
    partition_worker_concurrency: int | None
    partition_limiter: RateLimit | None
    polling_interval_seconds: float


#: A queue of which nothing is said: no limits, and a look at it every second.
_UNLIMITED: QueueLimits = {
    "global_concurrency": None,
    "worker_concurrency": None,
    "limiter": None,
    "partition_concurrency": None,
    "partition_worker_concurrency": None,
    "partition_limiter": None,
    "polling_interval_seconds": 1.0,
}


class Queues:
    """The part of the client that manages queues."""

    _db: Database
    _application_name: str | None

    def list_queues(self, application_name: str | Sequence[str] | None = None) -> list[Queue]:
        """The queues of these applications and the unclaimed ones, by name.

        By default of the client's own application; of all, if it has none.
        """
        names = self._application_name if application_name is None else application_name
        given = [names] if isinstance(names, str) else names
        rows = self._db.read(_READ, {"name": None, "application_names": given})
        return [_queue(row) for row in rows]

    def get_queue(self, name: str) -> Queue | None:
        """One queue, whoever owns it; None if it is not registered."""
        rows = self._db.read(_READ, {"name": name, "application_names": None})
        return _queue(rows[0]) if rows else None

    def register_queue(
        self,
        name: str,
        *,
        on_conflict: OnConflict = "always_update",
        application_name: str | None = None,
        **limits: Unpack[QueueLimits],
    ) -> Queue:
        """Create a queue, or set the limits of the one that exists; limits left out are none.

        With ``on_conflict="never_update"`` a queue that exists stays as it is. The queue belongs
        to ``application_name``, by default the client's own application. Raises
        :class:`InvalidOption` and :class:`OwnedByAnotherApplication`. Safe to repeat.
        """
        owner = application_name or self._application_name
        settings = {**_UNLIMITED, **limits}
        _validate(
            settings,
            broken_name(name),
            _broken_policy(on_conflict),
            {"application_name": owner and text_rule(owner)},
        )
        params = {
            **_columns(settings),
            "name": name,
            "application_name": owner,
            "update_existing": on_conflict == "always_update",
        }
        # No row only if the queue was deleted or inserted while the statement ran.
        rows = until_found(lambda: self._db.write(_REGISTER, params, repeatable=True))
        assert_owner("queue", name, rows[0]["application_name"], owner)
        return _queue(rows[0])

    def update_queue(self, name: str, **changes: Unpack[QueueLimits]) -> Queue:
        """Change some limits of a queue, whoever owns it, and leave the others as they are.

        None removes a limit. What results must keep the rules, also when somebody else changes
        the queue at the same time. Raises :class:`NonExistentQueue` and :class:`InvalidOption`.
        Safe to repeat.
        """
        return _queue(until_found(lambda: self._update_queue(name, changes))[0])

    def _update_queue(self, name: str, changes: Mapping[str, Any]) -> list[Row]:
        rows = self._db.read(_READ, {"name": name, "application_names": None})
        if not rows:
            raise NonExistentQueue(name)
        settings = {**_settings(_queue(rows[0])), **changes}
        _validate(settings)
        params = {
            **_columns(settings),
            "name": name,
            "row_version": rows[0]["row_version"],
            "partitions_change": any(field.startswith("partition_") for field in changes),
        }
        return self._db.write(_UPDATE, params, repeatable=True)

    def delete_queue(self, name: str) -> None:
        """Delete a queue, whoever owns it; nothing happens if there is none.

        Runs that wait on it are not taken any more until it is registered again.
        """
        self._db.write(_DELETE, {"name": name}, repeatable=True)


def _validate(settings: Mapping[str, Any], *more: Mapping[str, str | None]) -> None:
    unknown = {field: "is no limit of a queue" for field in settings if field not in _UNLIMITED}
    found: dict[str, str | None] = {**unknown}
    for problems in more:
        found |= problems
    if not unknown:
        found |= broken_limits(settings)
    if problems := {field: rule for field, rule in found.items() if rule}:
        raise InvalidOption(problems)


def _broken_policy(on_conflict: str) -> dict[str, str | None]:
    if on_conflict in ("always_update", "never_update"):
        return {}
    return {"on_conflict": "must be “always_update” or “never_update”"}


def _columns(settings: Mapping[str, Any]) -> dict[str, Any]:
    limiter, partition_limiter = settings["limiter"], settings["partition_limiter"]
    partition_limits = (
        settings["partition_concurrency"],
        settings["partition_worker_concurrency"],
        partition_limiter,
    )
    return {
        "concurrency": settings["global_concurrency"],
        "worker_concurrency": settings["worker_concurrency"],
        "rate_limit_max": limiter and limiter.limit,
        "rate_limit_period_sec": limiter and limiter.period_seconds,
        "partition_concurrency": settings["partition_concurrency"],
        "partition_worker_concurrency": settings["partition_worker_concurrency"],
        "partition_rate_limit_max": partition_limiter and partition_limiter.limit,
        "partition_rate_limit_period_sec": partition_limiter and partition_limiter.period_seconds,
        "polling_interval_sec": settings["polling_interval_seconds"],
        "partition_queue": any(limit is not None for limit in partition_limits),
    }


def _settings(queue: Queue) -> dict[str, Any]:
    return {field: getattr(queue, field) for field in _UNLIMITED}


def _queue(row: Row) -> Queue:
    return Queue(
        name=row["name"],
        global_concurrency=row["concurrency"],
        worker_concurrency=row["worker_concurrency"],
        limiter=_limiter(row["rate_limit_max"], row["rate_limit_period_sec"]),
        partition_concurrency=row["partition_concurrency"],
        partition_worker_concurrency=row["partition_worker_concurrency"],
        partition_limiter=_limiter(
            row["partition_rate_limit_max"], row["partition_rate_limit_period_sec"]
        ),
        polling_interval_seconds=row["polling_interval_sec"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        application_name=row["application_name"],
    )


def _limiter(limit: int | None, period_seconds: float | None) -> RateLimit | None:
    if limit is None or period_seconds is None:
        return None
    return RateLimit(limit, period_seconds)
