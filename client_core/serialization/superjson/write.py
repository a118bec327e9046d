"""Plain Python data as superjson's JSON and annotations."""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from client_core.serialization.limits import MAX_DIGITS, MAX_INT_BITS
from client_core.serialization.places import Place
from client_core.serialization.superjson.dates import write_date
from client_core.serialization.values import UNDEFINED

Annotated = tuple[Any, Any]
"""JSON, and the tree of its annotations: `[type]`, `[type, inner]`, inner, or None."""

_SAFE: Final = 2**53 - 1
"""The largest integer of which every smaller one is a number of JavaScript."""

_REFUSED_PATHS: Final = ("constructor", "prototype")


def annotated(value: Any, place: Place) -> Annotated:
    """`value` as superjson would serialize the equal value of JavaScript.

    Raises `SerializationError` for what has no equal there, or would be read as something else.
    """
    if isinstance(value, (list, tuple)):
        return _array(value, place)
    if isinstance(value, (set, frozenset)):
        return _tagged("set", _array(value, place))
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return _object(value, place)
        return _tagged("map", _map(value, place))
    if isinstance(value, bytes):
        place.descend(value)
        return list(value), [["custom", "Buffer"]]
    return _scalar(value, place)


def _scalar(value: Any, place: Place) -> Annotated:
    if value is None or isinstance(value, bool):
        return value, None
    if isinstance(value, str):
        return _checked(value, place), None
    if isinstance(value, int):
        return _integer(value, place)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, datetime):
        return _moment(value, place), ["Date"]
    if value is not UNDEFINED:
        place.refuse(value, "an unknown TypeScript application is sent plain data only")
    return None, ["undefined"]


def _integer(value: int, place: Place) -> Annotated:
    if value.bit_length() > MAX_INT_BITS:
        place.refuse(value, f"it has more than {MAX_DIGITS:,} digits")
    return (value, None) if abs(value) <= _SAFE else (str(int(value)), ["bigint"])


def _float(value: float) -> Annotated:
    if math.isnan(value):
        return "NaN", ["number"]
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity", ["number"]
    if value == 0 and math.copysign(1, value) < 0:
        return "-0", ["number"]
    return value, None


def _moment(value: datetime, place: Place) -> str:
    if value.utcoffset() is None:
        place.refuse(value, "a Date is a moment in time, so this needs a time zone")
    try:
        return write_date(value)
    except OverflowError:
        place.refuse(value, "in UTC it falls outside of the years 1 to 9999")


def _checked(text: str, place: Place) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            place.refuse(text, "a lone surrogate cannot be stored as UTF-8")
    return text


def _array(values: Iterable[Any], place: Place) -> Annotated:
    place.descend(values)
    json: list[Any] = []
    inner: dict[str, Any] = {}
    for index, item in enumerate(values):
        place.push(index)
        plain, annotation = annotated(item, place)
        place.pop()
        json.append(plain)
        _hang(inner, str(index), annotation)
    return json, inner or None


def _map(values: dict[Any, Any], place: Place) -> Annotated:
    """An array of rows; the rows are no level of their own, for whoever counts levels."""
    place.descend(values)
    json: list[Any] = []
    inner: dict[str, Any] = {}
    for index, (key, item) in enumerate(values.items()):
        place.push(key)
        row = (annotated(key, place), annotated(item, place))
        place.pop()
        json.append([plain for plain, _ in row])
        for side, (_, annotation) in enumerate(row):
            _hang(inner, f"{index}.{side}", annotation)
    return json, inner or None


def _object(values: dict[str, Any], place: Place) -> Annotated:
    place.descend(values)
    json: dict[str, Any] = {}
    inner: dict[str, Any] = {}
    for key, item in values.items():
        place.push(key)
        json[_checked(key, place)], annotation = annotated(item, place)
        _require_readable(key, annotation, place)
        place.pop()
        _hang(inner, key.replace(".", "\\."), annotation)
    return json, inner or None


def _require_readable(key: str, annotation: Any, place: Place) -> None:
    """Refuse the few keys with which superjson reads another value than it was given."""
    if key == "__proto__" or (annotation is not None and key in _REFUSED_PATHS):
        place.refuse(key, "TypeScript refuses to read a value under this key")
    if key.endswith("\\") and isinstance(annotation, dict):
        place.refuse(key, "superjson would mistake the backslash at its end for an escape")


def _hang(inner: dict[str, Any], segment: str, annotation: Any) -> None:
    """Annotations of a plain container are written as paths of its parent."""
    if isinstance(annotation, dict):
        inner.update({f"{segment}.{path}": tree for path, tree in annotation.items()})
    elif annotation is not None:
        inner[segment] = annotation


def _tagged(kind: str, content: Annotated) -> Annotated:
    json, inner = content
    return json, [kind] if inner is None else [kind, inner]
