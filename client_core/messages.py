"""Messages to workflows, and the events that workflows publish."""

import uuid
from dataclasses import dataclass
from typing import Any, LiteralString

from client_core.database import Database, ForeignKeyViolated, Row
from client_core.dialects import Dialect, format_to_write
from client_core.errors import InvalidOption, NonExistentWorkflow
from client_core.options import text_rule
from client_core.polling import Waiting
from client_core.questions import Kind, Question
from client_core.serialization import RawValue, Serialization

#: How DBOS stores a message without a topic.
NULL_TOPIC = "__null__topic__"

# Every message has an ID of ours, so sending the statement again stores nothing twice.
SEND: LiteralString = """
INSERT INTO {schema}.notifications (
    serialization,  -- since notifications.serialization
    destination_uuid, topic, message, message_uuid)
VALUES (
    %(serialization)s,  -- since notifications.serialization
    %(destination_id)s, %(topic)s, %(message)s, %(message_uuid)s)
ON CONFLICT (message_uuid) DO NOTHING"""

_EVENT: LiteralString = """
SELECT value, serialization FROM {schema}.workflow_events
WHERE workflow_uuid = %(workflow_id)s AND key = %(key)s"""

_EVENTS: LiteralString = """
SELECT key, CASE WHEN octet_length(value) <= %(max_bytes)s THEN value END AS value,
       octet_length(value) AS value_bytes, serialization
FROM {schema}.workflow_events WHERE workflow_uuid = %(workflow_id)s ORDER BY key LIMIT %(limit)s"""


@dataclass(frozen=True, slots=True)
class SendMessage:
    """One message of many; see :meth:`DBOSClient.send` for what the fields mean."""

    destination_id: str
    message: Any
    topic: str | None = None
    idempotency_key: str | None = None


class Messages:
    """The part of the client that talks with running workflows."""

    _db: Database
    _serialization: Serialization
    _application_name: str | None
    _dialect: Dialect | None
    _max_payload_bytes: int
    _waiting: Waiting

    def send(
        self,
        destination_id: str,
        message: Any,
        topic: str | None = None,
        idempotency_key: str | None = None,
        *,
        serialization: str | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        """Send a message to a workflow, which takes it with ``recv``.

        ``dialect`` is the language of the receiver: databases of SDKs that did not name the format
        of a message need it, unless they show it.

        With an ``idempotency_key`` a message that was sent before is not sent again. Raises
        :class:`NonExistentWorkflow`. A connection that breaks meanwhile doubles nothing; on
        databases of SDKs before Python 2.14 and TypeScript 4.10 it raises :class:`OutcomeUnknown`.
        """
        sent = SendMessage(destination_id, message, topic, idempotency_key)
        row = self._message_row(sent, serialization, dialect)
        try:
            self._db.insert(SEND, row, repeatable=self._may_send_again())
        except ForeignKeyViolated as error:
            raise NonExistentWorkflow(destination_id) from error

    def _may_send_again(self) -> bool:
        # In older databases a message that was received is gone, and its ID stops no second one.
        return not self._db.capabilities.lacks("notifications.consumed")

    def _message_row(
        self, sent: SendMessage, serialization: str | None, dialect: Dialect | None
    ) -> dict[str, str]:
        key = sent.idempotency_key
        if key is not None and (rule := text_rule(key)):
            raise InvalidOption({"idempotency_key": rule})
        stated = format_to_write(
            self._db,
            "notifications",
            self._application_name,
            stated=serialization,
            dialect=dialect or self._dialect,
            custom=self._serialization.custom,
        )
        text, format_name = self._serialization.encode_value(sent.message, stated)
        return {
            "destination_id": sent.destination_id,
            "topic": NULL_TOPIC if sent.topic is None else sent.topic,
            "message": text,
            # Scoped per destination, as the official SDKs spell it.
            "message_uuid": str(uuid.uuid4()) if key is None else f"{key}::{sent.destination_id}",
            "serialization": format_name,
        }

    def get_event(self, workflow_id: str, key: str, timeout_seconds: float = 60) -> Any:
        """The value of an event, waited for if need be; None when the time is over.

        A database that goes away while it waits is waited for, too.
        """
        params = {"workflow_id": workflow_id, "key": key}
        rows = self._waiting.read(
            Question(Kind.EVENT, workflow_id, key),
            lambda: self._db.read(_EVENT, params) or None,
            timeout_seconds,
        )
        if rows is None:
            return None
        return self._serialization.decode_value(rows[0]["value"], rows[0]["serialization"])

    def get_all_events(self, workflow_id: str, *, limit: int = 1_000) -> dict[str, Any]:
        """The latest value of each event that a workflow has published, by key."""
        rows = self._db.read(
            _EVENTS,
            {"workflow_id": workflow_id, "limit": limit, "max_bytes": self._max_payload_bytes},
        )
        return {row["key"]: self._event(row) for row in rows}

    def _event(self, row: Row) -> Any:
        if row["value"] is None:
            reason = f"Not fetched: it has {row['value_bytes']:,} bytes."
            return RawValue("", row["serialization"], reason)
        return self._serialization.decode_value(row["value"], row["serialization"])
