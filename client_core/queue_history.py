"""How many runs a queue started over time, how long they had waited, and who took them."""

from dataclasses import dataclass
from typing import Any, Final, LiteralString

from client_core.database import Database

#: So many of the newest starts are looked at, of all queues: no index has those of one.
NEWEST_STARTS: Final = 5_000
#: So many versions of applications are told.
TAKERS_NAMED: Final = 20

# A run waits from when it was created or, if it was delayed, from when that was over.
_HISTORY: LiteralString = """
WITH newest AS MATERIALIZED (
    SELECT queue_name, started_at_epoch_ms AS started_ms, executor_id, application_name,
        application_version, GREATEST(created_at, delay_until_epoch_ms) AS due_ms
    FROM {schema}.workflow_status
    WHERE started_at_epoch_ms >= %(since_ms)s AND started_at_epoch_ms < %(until_ms)s
    ORDER BY started_at_epoch_ms DESC LIMIT %(newest)s
), own AS MATERIALIZED (
    SELECT *, GREATEST(started_ms - due_ms, 0) AS waited_ms,
        (started_ms - %(since_ms)s) * %(slots)s / (%(until_ms)s - %(since_ms)s) AS slot
    FROM newest WHERE queue_name = %(name)s
), slots AS (
    SELECT slot, count(*) AS started, max(waited_ms) AS worst_ms,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY waited_ms) AS median_ms
    FROM own GROUP BY slot
), takers AS (
    SELECT application_name, application_version, count(*) AS started,
        count(DISTINCT executor_id) AS executors, max(started_ms) AS last_ms
    FROM own GROUP BY application_name, application_version
    ORDER BY max(started_ms) DESC LIMIT %(takers)s
)
SELECT
    (SELECT json_agg(slots ORDER BY slot) FROM slots) AS slots,
    (SELECT json_agg(takers ORDER BY last_ms DESC) FROM takers) AS takers,
    (SELECT count(*) FROM own) AS started, (SELECT max(waited_ms) FROM own) AS worst_ms,
    (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY waited_ms) FROM own) AS median_ms,
    (SELECT min(started_ms) FROM newest HAVING count(*) >= %(newest)s) AS looked_back_to_ms"""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSlot:
    """A slot of time: how many runs started in it, and how long they had waited."""

    slot: int
    started: int
    median_ms: int
    worst_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTaker:
    """Those of one version of an application that took runs from a queue."""

    application_name: str | None
    application_version: str | None
    started: int
    executors: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueHistory:
    """The starts of a queue's runs in some time, as far as they are among the newest of all."""

    #: Those in which a run started, numbered from 0.
    slots: list[QueueSlot]
    #: The latest first.
    takers: list[QueueTaker]
    started: int
    median_ms: int | None
    worst_ms: int | None
    #: From when on all is known, if that is not the whole time.
    looked_back_to_ms: int | None


class QueueHistories:
    """The part of the client that looks back at a queue."""

    _db: Database

    def get_queue_history(
        self,
        name: str,
        since_ms: int,
        until_ms: int,
        *,
        slots: int,
        newest: int = NEWEST_STARTS,
    ) -> QueueHistory:
        """When runs of a queue started and how long they had waited, in slots of equal length.

        Of all queues the ``newest`` starts of the time are looked at. A run that was resumed counts
        as waiting since it was created.
        """
        params: dict[str, Any] = {
            "name": name,
            "since_ms": since_ms,
            "until_ms": until_ms,
            "slots": slots,
            "newest": newest,
            "takers": TAKERS_NAMED,
        }
        row = self._db.read(_HISTORY, params)[0]
        row["slots"] = [QueueSlot(**one) for one in row["slots"] or []]
        row["takers"] = [QueueTaker(**one) for one in row["takers"] or []]
        return QueueHistory(**row)
