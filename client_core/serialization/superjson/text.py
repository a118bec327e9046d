"""JSON text as `JSON.stringify` writes it, to the character."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

_LARGEST_INDEX: Final = 2**32 - 2


def stringify(value: Any) -> str:
    """The text of dicts, lists, strings, numbers that JSON has, booleans and None."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return f"[{','.join(map(stringify, value))}]"
    if isinstance(value, dict):
        members = (f"{encode_basestring(key)}:{stringify(value[key])}" for key in _order(value))
        return f"{{{','.join(members)}}}"
    return str(int(value))


def _order(keys: Iterable[str]) -> Iterator[str]:
    """Keys that are array indices come first and ascend, in every object of JavaScript."""
    indices = sorted((key for key in keys if _is_index(key)), key=int)
    yield from indices
    yield from (key for key in keys if not _is_index(key))


def _is_index(key: str) -> bool:
    if not (key.isascii() and key.isdigit() and len(key) <= 10):
        return False
    return str(int(key)) == key and int(key) <= _LARGEST_INDEX


def _number(number: float) -> str:
    """`Number.prototype.toString`: no exponent from 1e-6 up to 1e21, and none of two digits."""
    digits, _, exponent = repr(float(number)).partition("e")
    if number.is_integer() and abs(number) < 1e21:
        return str(int(Decimal(repr(float(number)))))
    if not exponent:
        return digits
    if -6 <= int(exponent) < 0:
        return format(Decimal(f"{digits}e{exponent}"), "f")
    return f"{digits}e{int(exponent):+d}"
