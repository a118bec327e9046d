"""What a run tells and is told: its events with their history, messages to it, and its streams."""

from dataclasses import dataclass
from typing import Any, LiteralString

from client_core.database import Database, Row
from client_core.messages import NULL_TOPIC
from client_core.serialization import RawValue, Serialization
from client_core.streams import CLOSED

#: Events, messages and streams are looked at up to here; counts end at MOST_COUNTED.
MOST_EVENTS = 50
MOST_MESSAGES = 20
MOST_STREAMS = 20
MOST_COUNTED = 1_000
#: The last values of a stream that are told.
LAST_VALUES = 3
#: A larger value stays in the database.
BRIEF_BYTES = 4 * 2**10

# Keys of streams are leapt through, as a stream may have millions of values; offsets count from 0
# without a gap, so that the last one tells their number.
_EXCHANGE: LiteralString = """
WITH RECURSIVE events AS (
    SELECT key, serialization, octet_length(value) AS bytes,
        CASE WHEN octet_length(value) <= %(max_bytes)s THEN value END AS value
    FROM {schema}.workflow_events WHERE workflow_uuid = %(workflow_id)s
    ORDER BY key LIMIT %(most_events)s
), settings AS (
    SELECT key, count(*) AS times FROM (
        SELECT NULL AS key WHERE FALSE
        -- since workflow_events_history:
        UNION ALL
        (SELECT key FROM {schema}.workflow_events_history WHERE workflow_uuid = %(workflow_id)s
        ORDER BY function_id DESC LIMIT %(most_counted)s)
        -- end
    ) newest GROUP BY key
), sent AS MATERIALIZED (
    SELECT message_uuid, created_at_epoch_ms AS created_at, consumed
    FROM {schema}.notifications WHERE destination_uuid = %(workflow_id)s LIMIT %(most_counted)s
), messages AS (
    SELECT n.message_uuid AS message_id, topic, n.serialization, n.consumed,
        n.consumed_by_function_id, n.created_at_epoch_ms AS created_at,
        octet_length(message) AS bytes,
        CASE WHEN octet_length(message) <= %(max_bytes)s THEN message END AS value
    FROM (SELECT * FROM sent ORDER BY created_at DESC, message_uuid LIMIT %(most_messages)s) page
    JOIN {schema}.notifications n USING (message_uuid)
), keys AS (
    (SELECT key FROM {schema}.streams WHERE workflow_uuid = %(workflow_id)s ORDER BY key LIMIT 1)
    UNION ALL
    SELECT (
        SELECT s.key FROM {schema}.streams s
        WHERE s.workflow_uuid = %(workflow_id)s AND s.key > keys.key ORDER BY s.key LIMIT 1)
    FROM keys WHERE keys.key IS NOT NULL
), streams AS (
    SELECT keys.key, tail.* FROM (
        SELECT key FROM keys WHERE key IS NOT NULL LIMIT %(most_streams)s) keys,
    LATERAL (
        SELECT "offset", serialization, octet_length(value) AS bytes,
            CASE WHEN octet_length(value) <= %(max_bytes)s THEN value END AS value
        FROM {schema}.streams WHERE workflow_uuid = %(workflow_id)s AND key = keys.key
        ORDER BY "offset" DESC LIMIT %(last_values)s + 1) tail
)
SELECT
    (SELECT json_agg(e ORDER BY key) FROM (
        SELECT events.*, COALESCE(times, 0) AS times FROM events LEFT JOIN settings USING (key)) e
    ) AS events,
    (SELECT json_agg(messages ORDER BY created_at DESC, message_id) FROM messages) AS messages,
    (SELECT count(*) FROM sent) AS sent,
    (SELECT count(*) FROM sent WHERE NOT consumed) AS waiting,
    (SELECT json_agg(streams ORDER BY key, "offset") FROM streams) AS streams"""

_HISTORY: LiteralString = """
SELECT function_id, serialization, octet_length(value) AS bytes,
    CASE WHEN octet_length(value) <= %(max_bytes)s THEN value END AS value
FROM {schema}.workflow_events_history
WHERE workflow_uuid = %(workflow_id)s AND key = %(key)s AND function_id < %(before)s
ORDER BY function_id DESC LIMIT %(limit)s"""

_VALUES: LiteralString = """
SELECT "offset", serialization, octet_length(value) AS bytes,
    CASE WHEN octet_length(value) <= %(max_bytes)s THEN value END AS value
FROM {schema}.streams
WHERE workflow_uuid = %(workflow_id)s AND key = %(key)s AND "offset" < %(before)s
ORDER BY "offset" DESC LIMIT %(limit)s"""

_MAX_INT4 = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event and its latest value."""

    key: str
    value: Any
    #: How often it was set, among the last :data:`MOST_COUNTED` settings; 0 where none is kept.
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to a run."""

    message_id: str
    topic: str | None
    value: Any
    created_at: int
    consumed: bool
    #: The step that took it, where the SDK records that.
    consumed_by_function_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value of a stream, or that an event had, at its place."""

    place: int
    value: Any
    #: Whether it is the mark that ends a stream.
    is_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream and its last values, in order."""

    key: str
    count: int
    is_closed: bool
    last: list[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a run tells and is told. Counts of messages end at :data:`MOST_COUNTED`."""

    events: list[Event]
    #: The newest of them.
    messages: list[Message]
    sent: int
    #: Not yet taken.
    waiting: int
    streams: list[Stream]


class Exchanges:
    """The part of the client that shows what a run exchanges with others."""

    _db: Database
    _serialization: Serialization

    def get_exchange(self, workflow_id: str, *, max_payload_bytes: int = BRIEF_BYTES) -> Exchange:
        """The events, messages and streams of a run, in one bounded question."""
        [row] = self._db.read(
            _EXCHANGE,
            {
                "workflow_id": workflow_id,
                "max_bytes": max_payload_bytes,
                "most_events": MOST_EVENTS,
                "most_messages": MOST_MESSAGES,
                "most_streams": MOST_STREAMS,
                "most_counted": MOST_COUNTED,
                "last_values": LAST_VALUES,
            },
        )
        return Exchange(
            events=[
                Event(key=event["key"], value=self._value(event), times=event["times"])
                for event in row["events"] or []
            ],
            messages=[self._message(message) for message in row["messages"] or []],
            sent=row["sent"],
            waiting=row["waiting"],
            streams=self._streams(row["streams"] or []),
        )

    def list_event_history(
        self, workflow_id: str, key: str, *, before: int | None = None, limit: int = 50
    ) -> list[Entry]:
        """The values that an event had, the newest first, below the step ``before``."""
        params = self._page(workflow_id, key, before, limit)
        return [
            Entry(place=row["function_id"], value=self._value(row))
            for row in self._db.read(_HISTORY, params)
        ]

    def list_stream_values(
        self, workflow_id: str, key: str, *, before: int | None = None, limit: int = 50
    ) -> list[Entry]:
        """The values of a stream, the newest first, below the offset ``before``."""
        params = self._page(workflow_id, key, before, limit)
        return [self._entry(row) for row in self._db.read(_VALUES, params)]

    @staticmethod
    def _page(workflow_id: str, key: str, before: int | None, limit: int) -> dict[str, Any]:
        return {
            "workflow_id": workflow_id,
            "key": key,
            "before": _MAX_INT4 if before is None else before,
            "limit": limit,
            "max_bytes": 32 * 2**10,
        }

    def _streams(self, rows: list[Row]) -> list[Stream]:
        by_key: dict[str, list[Entry]] = {}
        for row in rows:
            by_key.setdefault(row["key"], []).append(self._entry(row))
        return [self._stream(key, entries) for key, entries in by_key.items()]

    @staticmethod
    def _stream(key: str, entries: list[Entry]) -> Stream:
        closed = entries[-1].is_end
        count = entries[-1].place + (0 if closed else 1)
        last = [entry for entry in entries if not entry.is_end][-LAST_VALUES:]
        return Stream(key=key, count=count, is_closed=closed, last=last)

    def _entry(self, row: Row) -> Entry:
        value = self._value(row)
        named = row["serialization"] not in (None, "portable_json")
        is_end = not named and (
            row["value"] == CLOSED or (isinstance(value, str) and value == CLOSED)
        )
        return Entry(place=row["offset"], value=value, is_end=is_end)

    def _message(self, row: Row) -> Message:
        return Message(
            message_id=row["message_id"],
            topic=None if row["topic"] == NULL_TOPIC else row["topic"],
            value=self._value(row),
            created_at=row["created_at"],
            consumed=row["consumed"],
            consumed_by_function_id=row["consumed_by_function_id"],
        )

    def _value(self, row: Row) -> Any:
        if row["value"] is None and row["bytes"] is not None:
            return RawValue(
                "", row["serialization"], f"Not fetched: it has {row['bytes']:,} bytes."
            )
        return self._serialization.decode_value(row["value"], row["serialization"])
