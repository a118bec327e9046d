"""Dicts and sets of keys that a stranger chose."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from client_core.serialization.errors import UnreadableError
from client_core.serialization.values import OpaqueObject

MAX_SAME_HASH: Final = 100
"""Keys of one dict or set that may have the same hash; an honest one has one or two."""


def make_dict(pairs: Sequence[tuple[Any, Any]]) -> dict[Any, Any] | OpaqueObject:
    """A dict, or the description of one with a key that cannot be a key here.

    Raises `UnreadableError` for keys made to have equal hashes.
    """
    try:
        _refuse_collisions([key for key, _ in pairs])
        return dict(pairs)
    except TypeError:
        return OpaqueObject("builtins", "dict", pairs=tuple(pairs))


def make_set(name: str, items: Sequence[Any]) -> set[Any] | frozenset[Any] | OpaqueObject:
    """A `"set"` or `"frozenset"`, on the terms of `make_dict`."""
    try:
        _refuse_collisions(items)
        return set(items) if name == "set" else frozenset(items)
    except TypeError:
        return OpaqueObject("builtins", name, items=tuple(items))


def pairs_of(flat: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Key, value, key, value … two by two."""
    parts = iter(flat)
    return list(zip(parts, parts, strict=True))


def _refuse_collisions(keys: Sequence[Any]) -> None:
    # Every integer k * (2**61 - 1) hashes to 0: a dict of 200,000 of them takes minutes to fill.
    if len(keys) > MAX_SAME_HASH:
        _, most = Counter(map(hash, keys)).most_common(1)[0]
        if most > MAX_SAME_HASH:
            raise UnreadableError("The value has keys that were chosen to have the same hash.")
