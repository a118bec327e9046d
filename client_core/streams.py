"""Streams: the values that workflows write in order while they run."""

import time
from collections.abc import Iterator
from typing import Any, LiteralString

from client_core.database import Database, Row
from client_core.errors import NonExistentWorkflow, WaitTimeout
from client_core.models import ACTIVE
from client_core.polling import poll
from client_core.serialization import Serialization

#: What a workflow writes last when it closes a stream, always as portable JSON.
CLOSED = '"__DBOS_STREAM_CLOSED__"'
#: Values fetched in one round trip.
BATCH = 500

# The status and the values are of one snapshot: a run that was over has written all of them.
_READ: LiteralString = """
SELECT s.status, v."offset", v.value, v.serialization
FROM {schema}.workflow_status s
LEFT JOIN {schema}.streams v ON v.workflow_uuid = s.workflow_uuid AND v.key = %(key)s
    AND v."offset" >= %(offset)s AND v."offset" < %(offset)s + %(batch)s
WHERE s.workflow_uuid = %(workflow_id)s
ORDER BY v."offset"
"""


class Streams:
    """The part of the client that reads streams."""

    _db: Database
    _serialization: Serialization

    def read_stream(
        self,
        workflow_id: str,
        key: str,
        *,
        offset: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[Any]:
        """Yield the values of a stream from ``offset`` on, waiting for each if need be.

        It ends when the stream is closed, or when the workflow is over and nothing is left.
        ``timeout_seconds`` is for each value: then :class:`WaitTimeout` is raised. Raises
        :class:`NonExistentWorkflow`.
        """
        while True:
            values = self._next_values(workflow_id, key, offset, timeout_seconds)
            for row in values:
                if row["value"] == CLOSED and row["serialization"] == "portable_json":
                    return
                yield self._serialization.decode_value(row["value"], row["serialization"])
                offset += 1
            if not values:
                return

    def _next_values(
        self, workflow_id: str, key: str, offset: int, timeout_seconds: float | None
    ) -> list[Row]:
        """The values at ``offset`` and after it without a gap; none when no more will come."""
        params = {"workflow_id": workflow_id, "key": key, "offset": offset, "batch": BATCH}
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        over = False
        for _ in poll(deadline):
            rows = self._db.read(_READ, params)
            if not rows:
                raise NonExistentWorkflow(workflow_id)
            if rows[0]["offset"] == offset:
                return [row for place, row in enumerate(rows) if row["offset"] == offset + place]
            # A cancelled workflow may still be writing, so it is looked at once more.
            if over:
                return []
            over = rows[0]["status"] not in ACTIVE
        if over:
            return []
        raise WaitTimeout(workflow_id, timeout_seconds or 0)
