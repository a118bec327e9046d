"""A payload as a tree to open and close: the lines of it, within a budget.

A part is named by its position in each container, such as `0.3.12`, which suits every type of key.
What the budget leaves out is a line that leads there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from client_core import RawValue
from console.digits import whole_number
from console.masking import Hidden, Masks
from console.payload import MAX_DEPTH, Parts, leaf, parts_of, root

#: Items of one container that a page shows, before it leads to the next ones.
CHUNK: Final = 100
#: Lines of a whole page, and of a payload among others on a page.
PAGE_LINES: Final = 1_500
PANEL_LINES: Final = 150
#: Characters of one string; alone on its page it may have more.
LEAF_CHARACTERS: Final = 2_000
ALONE_CHARACTERS: Final = 64 * 2**10
_BRIEF: Final = 60


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a tree: it opens a container, closes it, is a plain value, or leads to more."""

    #: `open`, `close`, `leaf`, `more`.
    kind: str
    path: str = ""
    label: str = ""
    text: str = ""
    #: What a plain value is: its class in the style sheet.
    style: str = ""
    #: Of a container, how many parts it has; of what leads to more, how many are left.
    count: int = 0
    #: Of what leads to more, where it goes on.
    start: int = 0
    is_open: bool = False


@dataclass(slots=True)
class _Builder:
    masks: Masks
    lines: int
    leaf_characters: int

    def children(self, parts: Parts, path: str, start: int, depth: int) -> Iterator[Line]:
        """The parts from `start` on, at most a chunk of them, and what leads to the others."""
        shown = 0
        for label, item in islice(parts.items, start, start + CHUNK):
            if self.lines <= 0:
                break
            position = start + shown
            place = f"{path}.{position}" if path else str(position)
            yield from self.line(item, place, label.rstrip() or str(position), depth)
            shown += 1
        if start + shown < parts.count:
            left = parts.count - start - shown
            yield Line("more", path, count=left, start=start + shown)

    def line(self, value: Any, path: str, label: str, depth: int) -> Iterator[Line]:
        """One part with all that is in it."""
        self.lines -= 1
        parts = parts_of(value, self.masks)
        if parts is None:
            yield self.plain(value, path, label)
        elif not parts.count:
            yield Line("leaf", path, label, parts.start + parts.end, "typed")
        else:
            few = parts.count <= CHUNK // 5
            yield Line("open", path, label, parts.start, "", parts.count, 0, depth < 2 and few)
            if depth >= MAX_DEPTH:
                yield Line("more", path, count=parts.count)
            else:
                yield from self.children(parts, path, 0, depth + 1)
            yield Line("close", text=parts.end)

    def plain(self, value: Any, path: str, label: str) -> Line:
        """A plain value, cut where it is long."""
        text = leaf(value, self.masks, self.leaf_characters)
        if len(text) <= self.leaf_characters:
            return Line("leaf", path, label, text, _style(value))
        length = len(value) if isinstance(value, str | bytes) else len(text)
        return Line("leaf", path, label, text[: self.leaf_characters], _style(value), length)


def tree(
    value: Any, masks: Masks, *, path: str = "", start: int = 0, lines: int = PAGE_LINES
) -> list[Line]:
    """The lines of a payload, or of the part at `path` from its item `start` on.

    Raises :class:`KeyError` for a path that leads nowhere, or to what is hidden.
    """
    value = at(root(value), path, masks)
    parts = parts_of(value, masks)
    if parts is None or not parts.count:
        builder = _Builder(masks, lines, ALONE_CHARACTERS)
        return list(builder.line(value, path, "", 0))
    builder = _Builder(masks, lines, LEAF_CHARACTERS)
    children = list(builder.children(parts, path, start, 0))
    if start or parts.start in "{[":
        return children
    # Its name says what it is.
    name = Line("open", path, "", parts.start, "", parts.count, is_open=True)
    return [name, *children, Line("close", text=parts.end)]


def at(value: Any, path: str, masks: Masks) -> Any:
    """The part at a path."""
    for step in path.split(".") if path else ():
        parts = parts_of(value, masks)
        place = whole_number(step)
        if parts is None or place is None or place >= parts.count:
            raise KeyError(path)
        value = next(islice(parts.items, place, None))[1]
    return value


def crumbs(value: Any, path: str, masks: Masks) -> list[tuple[str, str]]:
    """The containers around the part at a path, as pairs of path and label, the outermost first."""
    found, value, steps = [], root(value), path.split(".") if path else []
    for depth, step in enumerate(steps):
        parts = parts_of(value, masks)
        if parts is None:
            raise KeyError(path)
        label, value = next(islice(parts.items, int(step), None))
        found.append((".".join(steps[: depth + 1]), label.rstrip(": =")[:_BRIEF] or step))
    return found


def is_tree(value: Any) -> bool:
    """Whether a payload is worth a tree: a text that was not decoded is none."""
    return not isinstance(root(value), RawValue)


def _style(value: Any) -> str:
    match value:
        case Hidden():
            return "hidden"
        case str():
            return "string"
        case None | bool():
            return "constant"
        case int() | float():
            return "number"
    return "typed"
