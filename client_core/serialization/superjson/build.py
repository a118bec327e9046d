"""From boxes to Python values and inert descriptions; what was shared stays shared."""

from collections.abc import Callable
from typing import Any, Final

from client_core.serialization.budget import Budget, measure
from client_core.serialization.errors import UnreadableError
from client_core.serialization.inert.hashing import make_dict, make_set
from client_core.serialization.superjson.boxes import Box, parts_of, row_of
from client_core.serialization.values import OpaqueObject, RecordedError

Finished = Callable[[Any], Any]
"""The final form of a part."""


def build(root: Any, budget: Budget) -> Any:
    """The value that `root` stands for, counted with every shared part repeated.

    Raises `UnreadableError` for a cycle, and for what is over the budget.
    """
    built: dict[int, Any] = {}

    def finished(part: Any) -> Any:
        return built.get(id(part), part)

    for container in measure(root, budget, parts_of):
        built[id(container)] = _build_one(container, finished)
    return finished(root)


def error_of(fields: dict[str, Any]) -> RecordedError:
    """The error with these properties; `stack`, `cause` and all others are kept as its data."""
    code = fields.get("code")
    if not isinstance(code, (int, str)):
        code = None
    taken = {"name", "message"} if code is None else {"name", "message", "code"}
    rest = {key: value for key, value in fields.items() if key not in taken}
    name, message = (fields.get(key) for key in ("name", "message"))
    return RecordedError(
        name=name if isinstance(name, str) and name else "Error",
        message=message if isinstance(message, str) else "",
        code=code,
        data=rest or None,
    )


def _build_one(container: Any, finished: Finished) -> Any:
    if isinstance(container, Box):
        return _BUILDERS[container.kind](container, finished)
    if isinstance(container, dict):
        return {key: finished(value) for key, value in container.items()}
    return [finished(part) for part in container]


def _set(box: Box, finished: Finished) -> set[Any] | OpaqueObject:
    """A set; an inert `Set` where an element cannot be one here, or would meet its equal."""
    items = tuple(map(finished, box.content))
    made = make_set("set", items)
    if isinstance(made, set) and len(made) == len(items):
        return made
    return OpaqueObject("", "Set", items=items)


def _map(box: Box, finished: Finished) -> dict[Any, Any] | OpaqueObject:
    """A dict in the order of the Map, on the terms of `_set`: 1 and true are one key here."""
    pairs = [(finished(key), finished(value)) for key, value in map(row_of, box.content)]
    made = make_dict(pairs)
    if isinstance(made, dict) and len(made) == len(pairs):
        return made
    return OpaqueObject("", "Map", pairs=tuple(pairs))


def _regexp(box: Box, finished: Finished) -> OpaqueObject:
    source, slash, flags = box.content.rpartition("/")
    if not slash or not source.startswith("/"):
        raise UnreadableError("What is annotated as regexp has no slashes.")
    return OpaqueObject("", "RegExp", args=(source[1:], flags))


def _buffer(box: Box, finished: Finished) -> bytes:
    if all(type(byte) is int and 0 <= byte <= 255 for byte in box.content):
        return bytes(box.content)
    raise UnreadableError("What is annotated as Buffer are no bytes.")


_BUILDERS: Final[dict[str, Callable[[Box, Finished], Any]]] = {
    "set": _set,
    "map": _map,
    "regexp": _regexp,
    "Buffer": _buffer,
    "Error": lambda box, finished: error_of({k: finished(v) for k, v in box.content.items()}),
    "URL": lambda box, finished: OpaqueObject("", "URL", args=(box.content,)),
    "class": lambda box, finished: OpaqueObject("", box.name, state=finished(box.content)),
    "custom": lambda box, finished: OpaqueObject("", box.name, args=(finished(box.content),)),
    "symbol": lambda box, finished: OpaqueObject("", "Symbol", args=(box.name,)),
    "typed-array": lambda box, finished: OpaqueObject(
        "", box.name, items=tuple(map(finished, box.content))
    ),
}
