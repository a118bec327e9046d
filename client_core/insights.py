"""What a system database holds, for people who look for something in it."""

from typing import LiteralString

from client_core.database import Database

# Names have no index, so they are gathered from the newest runs, which one index serves.
_RECENT_NAMES: LiteralString = """
SELECT DISTINCT name, queue_name FROM (
    SELECT name, queue_name FROM {schema}.workflow_status ORDER BY created_at DESC LIMIT %(limit)s
) recent"""

_QUEUES: LiteralString = """
-- before queues: SELECT NULL AS name WHERE FALSE
-- since queues:
SELECT name FROM {schema}.queues ORDER BY name LIMIT 1000
-- end"""

# What was received may be old news too, while the way from the primary is cut: then the seconds
# since the last transaction are the most that it can be behind.
_LAG: LiteralString = """
SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN NULL
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
        AND EXISTS (
            -- Only those who may read statistics are told the status.
            SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming'
        ) THEN 0
    ELSE greatest(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)
END AS lag_seconds"""


class Insights:
    """The part of the client that tells what there is."""

    _db: Database

    def recent_workflow_names(self, *, limit: int = 2_000) -> list[str]:
        """The workflow names among the newest ``limit`` runs, sorted."""
        rows = self._db.read(_RECENT_NAMES, {"limit": limit})
        return sorted({row["name"] for row in rows if row["name"]})

    def registered_queue_names(self) -> list[str]:
        """The queues that applications registered in the database, sorted.

        Older SDKs know them in the code alone.
        """
        return [row["name"] for row in self._db.read(_QUEUES)]

    def get_replica_lag_seconds(self) -> float | None:
        """How far a replica is behind its primary; None where this is a primary, or none knows."""
        [row] = self._db.read(_LAG)
        return None if row["lag_seconds"] is None else float(row["lag_seconds"])
