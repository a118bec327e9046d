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
