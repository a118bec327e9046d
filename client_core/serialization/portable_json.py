"""`portable_json`: plain JSON, read and written alike by the SDKs of all languages."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from client_core.serialization.budget import Budget
from client_core.serialization.errors import UnreadableError
from client_core.serialization.format import Format, error_from_fields
from client_core.serialization.json_text import parse_json
from client_core.serialization.limits import MAX_DIGITS, MAX_INT_BITS, plain_digits
from client_core.serialization.places import Place
from client_core.serialization.values import RecordedError, WorkflowInputs

_ENCODER: Final = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


class PortableJSON(Format):
    """The wire form that DBOS documents for exchange between languages."""

    name = "portable_json"

    def decode_value(self, text: str, budget: Budget) -> Any:
        return parse_json(text, budget)

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        """Reads either part as empty where it is missing: TypeScript writes no `namedArgs`."""
        arguments = parse_json(text, budget)
        if isinstance(arguments, dict):
            args = arguments.get("positionalArgs") or []
            kwargs = arguments.get("namedArgs") or {}
            if isinstance(args, list) and isinstance(kwargs, dict):
                return WorkflowInputs(tuple(args), kwargs)
        raise UnreadableError(
            "The JSON is no workflow arguments: an object of positionalArgs and namedArgs."
        )

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        fields = parse_json(text, budget)
        if not isinstance(fields, dict):
            raise UnreadableError("The JSON is no error: an object of name and message.")
        return error_from_fields(fields)

    def encode_value(self, value: Any, budget: Budget) -> str:
        return _ENCODER.encode(_portable(value, Place("value", budget.depth)))

    def encode_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], budget: Budget
    ) -> str:
        named = _portable(kwargs, Place("kwargs", budget.depth - 1))
        positional = _portable(args, Place("args", budget.depth - 1))
        return _ENCODER.encode({"namedArgs": named, "positionalArgs": positional})


def _portable(value: Any, place: Place) -> Any:
    """`value` in the types of JSON, converted as the official Python SDK does."""
    if isinstance(value, (bool, int, float, str, type(None))):
        return _checked_scalar(value, place)
    if isinstance(value, datetime):
        return _timestamp(value, place)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        if plain_digits(value) > MAX_DIGITS:
            place.refuse(value, f"written out it has more than {MAX_DIGITS:,} digits")
        return format(value, "f")
    if isinstance(value, (list, tuple, set)):
        return _array(value, place)
    if not isinstance(value, Mapping):
        place.refuse(value, "portable JSON has no form for this type")
    return _object(value, place)


def _array(values: Iterable[Any], place: Place) -> list[Any]:
    place.descend(values)
    array = []
    for index, item in enumerate(values):
        place.push(index)
        array.append(_portable(item, place))
        place.pop()
    return array


def _object(values: Mapping[Any, Any], place: Place) -> dict[str, Any]:
    place.descend(values)
    members = {}
    for key, item in values.items():
        place.push(key)
        if not isinstance(key, str):
            place.refuse(key, "keys of a JSON object are strings")
        members[_checked_scalar(key, place)] = _portable(item, place)
        place.pop()
    return members


def _checked_scalar(value: Any, place: Place) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        place.refuse(
            value, f"JSON has no {value}, and readers in other languages would refuse the row"
        )
    if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
        place.refuse(value, f"it has more than {MAX_DIGITS:,} digits")
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            place.refuse(value, "a lone surrogate cannot be stored as UTF-8")
    return value


def _timestamp(value: datetime, place: Place) -> str:
    """RFC 3339 in UTC, to the millisecond, with `Z`. A naive time is taken as UTC."""
    try:
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        place.refuse(value, "in UTC it falls outside of the years 1 to 9999")
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
