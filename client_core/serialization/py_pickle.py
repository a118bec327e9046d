"""`py_pickle`: base64 of a pickle, the default of Python applications. Read without unpickling.

Unpickling runs whatever the payload names, so whoever can write a row could run code here.
Only plain data is written: nobody here knows which classes the application has.
"""

import base64
import binascii
import pickle
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from client_core.serialization.budget import Budget
from client_core.serialization.errors import SerializationError, UnreadableError
from client_core.serialization.format import Format, inputs_from_fields
from client_core.serialization.inert.exceptions import recorded_error
from client_core.serialization.inert.load import load
from client_core.serialization.places import Place
from client_core.serialization.values import RecordedError, WorkflowInputs

_SCALARS: Final = frozenset(
    {type(None), bool, int, float, str, bytes, date, timedelta, timezone, Decimal, UUID, ZoneInfo}
)
_ZONES: Final = frozenset({type(None), timezone, ZoneInfo})


class PyPickle(Format):
    """What the official Python SDK writes unless it is told otherwise."""

    name = "py_pickle"

    def decode_value(self, text: str, budget: Budget) -> Any:
        budget.admit(len(text) * 3 // 4)  # as many bytes as it decodes to
        try:
            data = binascii.a2b_base64(text, strict_mode=True)
        except ValueError:  # binascii.Error, or a character beyond ASCII
            raise UnreadableError("The text is no base64.") from None
        return load(data, budget)

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        return inputs_from_fields(self.decode_value(text, budget), "The pickle holds")

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        return recorded_error(self.decode_value(text, budget))

    def encode_value(self, value: Any, budget: Budget) -> str:
        _require_plain(value, Place("value", budget.depth))
        return _dumps(value)

    def encode_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], budget: Budget
    ) -> str:
        _require_plain(args, Place("args", budget.depth - 1))
        _require_plain(kwargs, Place("kwargs", budget.depth - 1))
        return _dumps({"args": args, "kwargs": kwargs})


def _dumps(value: Any) -> str:
    try:
        return base64.b64encode(pickle.dumps(value)).decode("ascii")
    except pickle.PicklingError as error:  # a ZoneInfo that was read from a file
        raise SerializationError(f"The value cannot be pickled: {error}.") from None


def _require_plain(value: Any, place: Place) -> None:
    """Refuse what needs a class of the application; a subclass of plain data does."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        _require_plain_parts(value, enumerate(value), place)
    elif kind is dict:
        _require_plain_parts(value, value.items(), place)
    elif kind in (datetime, time):
        if type(value.tzinfo) not in _ZONES:
            place.refuse(value.tzinfo, "a pickle carries the zones of the standard library only")
    elif kind not in _SCALARS:
        place.refuse(value, "a pickle for an unknown application carries plain data only")


def _require_plain_parts(container: Any, parts: Iterable[tuple[Any, Any]], place: Place) -> None:
    place.descend(container)
    for step, part in parts:
        place.push(step)
        _require_plain(step, place)
        _require_plain(part, place)
        place.pop()
