"""A value between its JSON and its final form."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

from client_core.serialization.budget import plain_children
from client_core.serialization.errors import UnreadableError

_LISTS: Final = ("set", "map", "typed-array", "Buffer")


class Box:
    """What an annotation makes of the JSON below it, its parts still reachable by their paths.

    References lead through sets and maps, and are followed only after all annotations.
    """

    __slots__ = ("content", "kind", "name")

    def __init__(self, kind: str, content: Any, name: str = "") -> None:
        self.kind = kind
        self.content = content
        self.name = name


def content_of(value: Any) -> Any:
    """The list, dict or scalar in which the next step of a path is looked up."""
    return value.content if isinstance(value, Box) else value


def parts_of(value: Any) -> Iterable[Any] | None:
    """The parts of a container, for `measure`.

    Raises `UnreadableError` for a box whose content cannot be what its annotation says.
    """
    if not isinstance(value, Box):
        return plain_children(value)
    content = value.content
    if value.kind == "map":
        return chain.from_iterable(map(row_of, _of_type(value, list)))
    if value.kind in _LISTS:
        parts: list[Any] = _of_type(value, list)
        return parts
    if value.kind == "Error":
        return chain.from_iterable(_of_type(value, dict).items())
    if value.kind in ("regexp", "URL"):
        return (_of_type(value, str),)
    return (value.name, content)


def row_of(row: Any) -> list[Any]:
    """A key and a value of a map."""
    if not isinstance(row, list) or len(row) != 2:
        raise UnreadableError("A Map has an entry that is no pair.")
    return row


def _of_type(box: Box, kind: type) -> Any:
    if not isinstance(box.content, kind):
        raise UnreadableError(f"What is annotated as {box.kind} has another form.")
    return box.content
