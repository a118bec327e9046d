"""The `meta` of an envelope, applied to its JSON; the rules are those of superjson's `plainer`.

Every path is followed from the part that its parent leads to, never again from the root, so the
work is proportional to the text whatever a stranger writes there.
"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from client_core.serialization.errors import UnreadableError
from client_core.serialization.limits import MAX_DIGITS
from client_core.serialization.superjson.boxes import Box, content_of
from client_core.serialization.superjson.dates import read_date
from client_core.serialization.values import UNDEFINED

# A backslash before a dot escapes it, and nothing escapes a backslash (superjson's parsePath).
_SEPARATOR: Final = re.compile(r"(?<!\\)\.")
_FORBIDDEN: Final = frozenset({"__proto__", "prototype", "constructor"})
_INDEX: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_BIGINT: Final = re.compile(rf"-?[0-9]{{1,{MAX_DIGITS}}}", re.ASCII)
_NUMBERS: Final = frozenset({"NaN", "Infinity", "-Infinity", "-0"})


class Slot(NamedTuple):
    """Where a part is kept, so that it can be replaced."""

    container: Any
    key: Any

    def get(self) -> Any:
        return self.container[self.key]

    def put(self, value: Any) -> None:
        self.container[self.key] = value


def apply_meta(json: Any, meta: Any) -> Any:
    """`json` with its boxes, and with shared references where it says so.

    Raises `UnreadableError` for anything that superjson would not write.
    """
    if not isinstance(meta, dict):
        raise UnreadableError("The envelope's meta is no object.")
    root = Slot([json], 0)
    if meta.get("values") is not None:
        _annotate(root, meta["values"])
    if meta.get("referentialEqualities") is not None:
        _share(root, meta["referentialEqualities"])
    return root.get()


def _annotate(slot: Slot, tree: Any) -> None:
    """Children first: they are addressed by their place in the JSON of the parent."""
    match tree:
        case dict():
            kind, children = None, tree
        case [kind]:
            children = {}
        case [kind, dict() as children]:
            pass
        case _:
            raise UnreadableError("The envelope has annotations of an unknown form.")
    for path, subtree in children.items():
        _annotate(_follow(slot, path), subtree)
    if kind is not None:
        slot.put(_revive(kind, slot.get()))


def _share(root: Slot, equalities: Any) -> None:
    of_root: list[Any] = []
    others: dict[str, Any] = {}
    match equalities:
        case dict():
            others = equalities
        case [list() as of_root]:
            pass
        case [list() as of_root, dict() as others]:
            pass
        case _:
            raise UnreadableError("The envelope has references of an unknown form.")
    for path in of_root:
        _follow(root, path).put(root.get())
    for path, copies in others.items():
        shared = _follow(root, path).get()
        if not isinstance(copies, list):
            raise UnreadableError("The envelope has references of an unknown form.")
        for copy in copies:
            _follow(root, copy).put(shared)


def _follow(slot: Slot, path: Any) -> Slot:
    if not isinstance(path, str):
        raise UnreadableError("The envelope has a path that is no text.")
    raw = _SEPARATOR.split(path)
    segments = [segment.replace("\\.", ".") for segment in raw] if "\\" in path else raw
    if not _FORBIDDEN.isdisjoint(segments):
        raise UnreadableError("The envelope has a path through an object's prototype.")
    content, key = slot
    for position, segment in enumerate(segments):
        content = content_of(content[key])
        key = segment
        if isinstance(content, list) and _INDEX.fullmatch(segment) and int(segment) < len(content):
            key = int(segment)
        elif not isinstance(content, dict) or segment not in content:
            return _unescaped(content, ".".join(raw[position:]))
    return Slot(content, key)


def _unescaped(content: Any, key: str) -> Slot:
    """superjson 1.13 forgets to escape the last key of a path: `{"a.b": new Date()}`."""
    if isinstance(content, dict) and key in content:
        return Slot(content, key)
    raise UnreadableError("The envelope has a path that leads nowhere.")


def _revive(kind: Any, value: Any) -> Any:
    match kind:
        case "set" | "map" | "Error" | "regexp" | "URL":
            return Box(kind, value)
        case ["custom", "Buffer"]:
            return Box("Buffer", value)
        case ["class" | "symbol" | "custom" | "typed-array" as family, str(name)]:
            return Box(family, value, name)
        case str() if kind in _SCALARS:
            return _SCALARS[kind](value)
    raise UnreadableError("The envelope has an annotation of an unknown type.")


def read_bigint(value: Any) -> int:
    if isinstance(value, str) and _BIGINT.fullmatch(value):
        return int(value)
    raise UnreadableError("What is annotated as bigint is no integer.")


def _number(value: Any) -> float:
    if isinstance(value, str) and value in _NUMBERS:
        return float(value)
    raise UnreadableError("What is annotated as number is none that JSON lacks.")


_SCALARS: Final[dict[str, Callable[[Any], Any]]] = {
    "undefined": lambda _: UNDEFINED,
    "bigint": read_bigint,
    "number": _number,
    "Date": read_date,
}
