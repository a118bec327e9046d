"""Shorthands for tests of payloads."""

import base64
from collections import deque
from typing import Any

from client_core.serialization import Budget, RawValue, Serialization

P = 2**61 - 1
"""The modulus of Python's integer hash: all its multiples hash to 0."""


def encoded(data: bytes) -> str:
    """A pickle as a row holds it."""
    return base64.b64encode(data).decode()


def read(data: bytes, budget: Budget | None = None) -> Any:
    """What a row with this pickle shows."""
    return Serialization(budget=budget or Budget()).decode_value(encoded(data), "py_pickle")


def reason(value: Any) -> str:
    """Why a payload is shown as it is."""
    assert isinstance(value, RawValue), value
    return value.reason


def shape(value: Any) -> Any:
    """A value as something that is equal for equal values *of equal types*, NaN among them."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, [(shape(key), shape(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return kind, [shape(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return kind, sorted(repr(shape(item)) for item in value)
    if isinstance(value, deque):
        return kind, value.maxlen, [shape(item) for item in value]
    return kind, repr(value)
