"""Payloads as they are stored, read piece by piece: what is too large to be decoded and shown."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, LiteralString

from client_core.database import Database
from client_core.errors import InvalidOption
from client_core.serialization import RawValue, Serialization


class PayloadKind(StrEnum):
    """Where payloads are kept."""

    INPUT = "input"
    OUTPUT = "output"
    ERROR = "error"
    STEP_OUTPUT = "step-output"
    STEP_ERROR = "step-error"
    EVENT = "event"
    #: A value that an event had once.
    EVENT_HISTORY = "history"
    STREAM = "stream"
    MESSAGE = "message"

    @property
    def has_number(self) -> bool:
        """Whether its payloads are numbered: by a step's ``function_id`` or a stream's offset."""
        return self.startswith(("step", "history", "stream"))

    @property
    def has_key(self) -> bool:
        """Whether its payloads have a key: an event's, a stream's, a message's own ID."""
        return self in (self.EVENT, self.EVENT_HISTORY, self.STREAM, self.MESSAGE)


_MAX_INT4 = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PayloadPlace:
    """Which of a run's payloads. Raises :class:`InvalidOption` for a place that cannot be."""

    kind: PayloadKind
    number: int | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if (self.number is not None) != self.kind.has_number:
            raise InvalidOption({"number": "is for steps, streams and the history of events"})
        if (self.key is not None) != self.kind.has_key:
            raise InvalidOption({"key": "is for events, streams and messages"})
        if self.number is not None and not 0 <= self.number <= _MAX_INT4:
            raise InvalidOption({"number": f"must be from 0 to {_MAX_INT4:,}"})


@dataclass(frozen=True, slots=True)
class PayloadText:
    """A piece of a stored payload."""

    #: UTF-8, which a cut may part within a character.
    piece: bytes
    #: Of the whole payload.
    size_bytes: int
    #: The name of its format.
    serialization: str | None


# From the beginning, substr unpacks no more of a text kept out of line than is asked for; from
# anywhere else all of it, once for each statement, as an offset in bytes is wanted.
_PIECE: LiteralString = """
SELECT octet_length(p.payload) AS size_bytes, p.serialization,
       CASE WHEN %(offset)s = 0
            THEN substr(convert_to(substr(p.payload, 1, %(max_bytes)s), 'UTF8'), 1, %(max_bytes)s)
            ELSE substr(convert_to(p.payload, 'UTF8'), %(offset)s + 1, %(max_bytes)s)
       END AS piece
FROM ("""
_END: LiteralString = """) p
WHERE p.payload IS NOT NULL
LIMIT 1"""

# Payloads written before migration 109 stay in the old columns.
_INPUT: LiteralString = """
    SELECT COALESCE(i.inputs, s.inputs) AS payload, s.serialization
    FROM {schema}.workflow_status s LEFT JOIN {schema}.workflow_input i USING (workflow_uuid)
    WHERE s.workflow_uuid = %(workflow_id)s"""
_OUTPUT: LiteralString = """
    SELECT COALESCE(o.output, s.output) AS payload, s.serialization
    FROM {schema}.workflow_status s LEFT JOIN {schema}.workflow_output o USING (workflow_uuid)
    WHERE s.workflow_uuid = %(workflow_id)s"""
_ERROR: LiteralString = """
    SELECT COALESCE(o.error, s.error) AS payload, s.serialization
    FROM {schema}.workflow_status s LEFT JOIN {schema}.workflow_output o USING (workflow_uuid)
    WHERE s.workflow_uuid = %(workflow_id)s"""
_STEP_OUTPUT: LiteralString = """
    SELECT output AS payload, serialization FROM {schema}.operation_outputs
    WHERE workflow_uuid = %(workflow_id)s AND function_id = %(number)s"""
_STEP_ERROR: LiteralString = """
    SELECT error AS payload, serialization FROM {schema}.operation_outputs
    WHERE workflow_uuid = %(workflow_id)s AND function_id = %(number)s"""
_EVENT: LiteralString = """
    SELECT value AS payload, serialization FROM {schema}.workflow_events
    WHERE workflow_uuid = %(workflow_id)s AND key = %(key)s"""
_EVENT_HISTORY: LiteralString = """
    SELECT value AS payload, serialization FROM {schema}.workflow_events_history
    WHERE workflow_uuid = %(workflow_id)s AND key = %(key)s AND function_id = %(number)s"""
_STREAM: LiteralString = """
    SELECT value AS payload, serialization FROM {schema}.streams
    WHERE workflow_uuid = %(workflow_id)s AND key = %(key)s AND "offset" = %(number)s"""
_MESSAGE: LiteralString = """
    SELECT message AS payload, serialization FROM {schema}.notifications
    WHERE destination_uuid = %(workflow_id)s AND message_uuid = %(key)s"""

_STATEMENTS: Final[dict[PayloadKind, LiteralString]] = {
    PayloadKind.INPUT: _PIECE + _INPUT + _END,
    PayloadKind.OUTPUT: _PIECE + _OUTPUT + _END,
    PayloadKind.ERROR: _PIECE + _ERROR + _END,
    PayloadKind.STEP_OUTPUT: _PIECE + _STEP_OUTPUT + _END,
    PayloadKind.STEP_ERROR: _PIECE + _STEP_ERROR + _END,
    PayloadKind.EVENT: _PIECE + _EVENT + _END,
    PayloadKind.EVENT_HISTORY: _PIECE + _EVENT_HISTORY + _END,
    PayloadKind.STREAM: _PIECE + _STREAM + _END,
    PayloadKind.MESSAGE: _PIECE + _MESSAGE + _END,
}


class PayloadTexts:
    """The part of the client that reads payloads as they are stored."""

    _db: Database
    _serialization: Serialization

    def get_payload_text(
        self,
        workflow_id: str,
        place: PayloadPlace,
        *,
        offset_bytes: int = 0,
        max_bytes: int = 64 * 2**10,
    ) -> PayloadText | None:
        """A piece of one stored payload; None where none is stored.

        Only the piece leaves the database. Raises :class:`InvalidOption` for an offset or a
        length that no text has.
        """
        for name, number in (("offset_bytes", offset_bytes), ("max_bytes", max_bytes)):
            if not 0 <= number < _MAX_INT4:
                raise InvalidOption({name: f"must be from 0 to {_MAX_INT4 - 1:,}"})
        params = {
            "workflow_id": workflow_id,
            "number": place.number,
            "key": place.key,
            "offset": offset_bytes,
            "max_bytes": max_bytes,
        }
        rows = self._db.read(_STATEMENTS[place.kind], params)
        if not rows:
            return None
        row = rows[0]
        return PayloadText(bytes(row["piece"]), row["size_bytes"], row["serialization"])

    def decode_payload(self, place: PayloadPlace, stored: PayloadText) -> Any:
        """What a stored payload holds; a ``RawValue`` where that cannot be shown.

        One of which ``stored`` has a piece only is described by its size.
        """
        name = stored.serialization
        if len(stored.piece) < stored.size_bytes:
            return RawValue("", name, f"Not decoded: it has {stored.size_bytes:,} bytes.")
        text = stored.piece.decode(errors="replace")
        match place.kind:
            case PayloadKind.INPUT:
                return self._serialization.decode_arguments(text, name)
            case PayloadKind.ERROR | PayloadKind.STEP_ERROR:
                return self._serialization.decode_error(text, name)
        return self._serialization.decode_value(text, name)
