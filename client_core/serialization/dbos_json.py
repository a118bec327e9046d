"""`DBOS_JSON`: base64 of JSON, the default of Go applications; read only.

Facts of this format are those of `dbos/serialization.go` in dbos-transact-golang.
"""

import base64
import binascii
from typing import Any, Final

from client_core.serialization.budget import Budget, utf8_length
from client_core.serialization.errors import UnreadableError
from client_core.serialization.format import Format
from client_core.serialization.json_text import parse_json
from client_core.serialization.values import RecordedError, WorkflowInputs

_NIL: Final = "__DBOS_NIL"
_INTERFACE: Final = b"\x10\x00"
"""How the value of a gob begins that was encoded as an interface, as errors are."""


class DBOSJSON(Format):
    """What the official Go SDK writes unless it is told otherwise."""

    name = "DBOS_JSON"
    writable = False

    def decode_value(self, text: str, budget: Budget) -> Any:
        if text == _NIL:
            return None
        budget.admit(len(text) * 3 // 4)  # as many bytes as it decodes to
        data = _base64(text)
        if data is None:
            raise UnreadableError("The text is no base64.")
        try:
            return parse_json(data.decode(), budget)
        except UnicodeDecodeError:
            raise UnreadableError("The text is no base64 of UTF-8.") from None

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        """A workflow of Go takes one value, and that alone is stored."""
        return WorkflowInputs((self.decode_value(text, budget),), {})

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        """A gob where the error's type has one, and otherwise its plain text."""
        budget.admit(len(text))
        utf8_length(text)
        data = _base64(text)
        if data is not None and _is_gob(data):
            raise UnreadableError("The error is a gob, which only Go reads.")
        return RecordedError("error", text, None, None)


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_gob(data: bytes) -> bool:
    """Whether `data` is nothing but whole messages, of which the last holds an interface.

    A message is its length and as many bytes; the length is one byte below 128, otherwise the
    negated count of its bytes and then those (package encoding/gob).
    """
    start = end = 0
    while end < len(data):
        start, length = end + 1, data[end]
        if length >= 128:
            start += 256 - length
            length = int.from_bytes(data[end + 1 : start], "big")
        end = start + length
        if not length or end > len(data):
            return False
    return data[start : start + 2] == _INTERFACE
