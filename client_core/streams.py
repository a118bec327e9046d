"""Streams: the values that workflows write in order while they run."""

from collections.abc import Iterator
from typing import Any, LiteralString

from client_core.database import Database, Row
from client_core.errors import InvalidOption, NonExistentWorkflow, WaitTimeout
from client_core.models import ACTIVE
from client_core.polling import Waiting
from client_core.questions import Kind, Question
from client_core.serialization import Serialization

#: What a workflow writes last when it closes a stream: in portable JSON, of older SDKs in their own
#: format where that has no name, and of TypeScript SDK 4 bare under the name of portable JSON.
CLOSED = "__DBOS_STREAM_CLOSED__"
#: Values fetched in one round trip.
BATCH = 500
#: The column is a 4-byte integer.
MAX_OFFSET = 2**31 - 1

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
    _waiting: Waiting

    def read_stream(
        self,
        workflow_id: str,
        key: str,
        *,
        offset: int = 0,
        timeout_seconds: float | None = None,
    ) -> Iterator[Any]:
        """Yield the values of a stream from ``offset`` on, waiting for each if need be.

        It ends when the stream is closed, or when the workflow is over and nothing is left. A
        database that goes away while it waits is waited for, too. ``timeout_seconds`` is for each
        value: then :class:`WaitTimeout` is raised. Raises :class:`NonExistentWorkflow`, and
        :class:`InvalidOption` for an offset that no value can have.
        """
        if not 0 <= offset <= MAX_OFFSET:
            raise InvalidOption({"offset": f"must be a whole number from 0 to {MAX_OFFSET:,}"})
        while values := self._next_values(workflow_id, key, offset, timeout_seconds):
            for row in values:
                value = self._serialization.decode_value(row["value"], row["serialization"])
                named = row["serialization"] not in (None, "portable_json")
                if CLOSED in (value, row["value"]) and not named:
                    return
                yield value
                offset += 1

    def _next_values(
        self, workflow_id: str, key: str, offset: int, timeout_seconds: float | None
    ) -> list[Row]:
        """The values at ``offset`` and after it without a gap; none when no more will come."""
        values = self._waiting.read(
            Question(Kind.STREAM, workflow_id, key, offset),
            lambda: self._values(workflow_id, key, offset),
            timeout_seconds,
        )
        if values is None:
            raise WaitTimeout(workflow_id, timeout_seconds or 0)
        return values

    def _values(self, workflow_id: str, key: str, offset: int) -> list[Row] | None:
        """What is there at ``offset`` and after it; None when it has yet to come."""
        params = {"workflow_id": workflow_id, "key": key, "offset": offset, "batch": BATCH}
        # A cancelled workflow may still be writing, so it is looked at once more.
        for _ in range(2):
            rows = self._db.read(_READ, params)
            if not rows:
                raise NonExistentWorkflow(workflow_id)
            if rows[0]["offset"] == offset:
                return [row for place, row in enumerate(rows) if row["offset"] == offset + place]
            if rows[0]["status"] in ACTIVE:
                return None
        return []
