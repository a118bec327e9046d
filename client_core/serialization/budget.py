"""Limits of one decoded value, counted as it will be shown: with every shared part repeated.

A pickle refers to a part it has written before by two bytes. Thirty lists, each holding the one
before twice, fit in 200 bytes and print as a billion elements. So the sizes are summed over the
graph, each shared part measured once, before anything walks over the value.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from client_core.serialization.errors import UnreadableError
from client_core.serialization.values import OpaqueObject


@dataclass(frozen=True, slots=True)
class Budget:
    """How large a value may be before it is shown as raw text instead."""

    bytes: int = 16 * 1024 * 1024
    """UTF-8 bytes of the stored text, and of all strings and numbers in the value."""
    depth: int = 100
    """Containers within containers; `[]` has depth 1."""
    nodes: int = 200_000
    """Values and keys. What a pickle rebuilds counts with the parts it is rebuilt from."""

    def admit(self, length: int) -> None:
        """Refuse `length` bytes of input before any work is done on them.

        Raises `UnreadableError` when they are more than the budget.
        """
        if length > self.bytes:
            raise UnreadableError(f"The payload is larger than {self.bytes:,} bytes.")


def plain_children(value: Any) -> Iterable[Any] | None:
    """The parts of a built-in container; None for anything that is shown as one piece."""
    if isinstance(value, dict):
        return chain.from_iterable(value.items())
    if isinstance(value, (list, tuple, set, frozenset, deque)):
        return value
    return None


def measure(
    root: Any, budget: Budget, children: Callable[[Any], Iterable[Any] | None] = plain_children
) -> list[Any]:
    """All containers under `root`, each once and after its parts.

    Takes time and memory in proportion to the shared graph, and no recursion. `children` gives
    the parts of a container, None for a leaf.

    Raises `UnreadableError` for a cycle, for text that is no UTF-8, and where `root` is over
    the budget.
    """
    return _Meter(budget, children).run(root)


@dataclass(slots=True)
class _Frame:
    """A container whose parts are being visited."""

    container: Any
    rest: Iterator[Any]
    nodes_before: int
    bytes_before: int
    height: int = 1


class _Meter:
    """Walks depth first; `nodes` and `bytes` are totals of the expanded value so far."""

    def __init__(self, budget: Budget, children: Callable[[Any], Iterable[Any] | None]) -> None:
        self._budget = budget
        self._children = children
        self._nodes = self._bytes = 0
        self._path: list[_Frame] = []
        # By identity: (nodes, bytes, height), or None while the container is on the path.
        self._known: dict[int, tuple[int, int, int] | None] = {}
        self._finished: list[Any] = []

    def run(self, root: Any) -> list[Any]:
        self._visit(root)
        while self._path:
            frame = self._path[-1]
            for child in frame.rest:
                if self._visit(child):
                    break
            else:
                self._leave()
        return self._finished

    def _visit(self, value: Any) -> bool:
        """Count `value`; True when it is a container whose parts must be visited next."""
        parts = self._children(value)
        if parts is None:
            self._charge(1, _weight(value))
            return False
        if id(value) in self._known:
            self._repeat(self._known[id(value)])
            return False
        self._known[id(value)] = None
        self._path.append(_Frame(value, iter(parts), self._nodes, self._bytes))
        self._check_depth(0)
        self._charge(1, 0)
        return True

    def _repeat(self, known: tuple[int, int, int] | None) -> None:
        if known is None:
            raise UnreadableError("The value contains itself.")
        nodes, size, height = known
        self._check_depth(height)
        self._charge(nodes, size)
        self._path[-1].height = max(self._path[-1].height, height + 1)

    def _leave(self) -> None:
        frame = self._path.pop()
        self._known[id(frame.container)] = (
            self._nodes - frame.nodes_before,
            self._bytes - frame.bytes_before,
            frame.height,
        )
        self._finished.append(frame.container)
        if self._path:
            self._path[-1].height = max(self._path[-1].height, frame.height + 1)

    def _check_depth(self, below: int) -> None:
        if len(self._path) + below > self._budget.depth:
            raise UnreadableError(f"The value nests deeper than {self._budget.depth} levels.")

    def _charge(self, nodes: int, size: int) -> None:
        self._nodes += nodes
        self._bytes += size
        if self._nodes > self._budget.nodes:
            raise UnreadableError(f"The value has more than {self._budget.nodes:,} parts.")
        if self._bytes > self._budget.bytes:
            raise UnreadableError(f"The value is larger than {self._budget.bytes:,} bytes.")


def _weight(leaf: Any) -> int:
    """About how many bytes a leaf takes when it is shown; small ones count as nodes alone."""
    if isinstance(leaf, str):
        return utf8_length(leaf)
    if isinstance(leaf, int):
        return leaf.bit_length() // 3
    if isinstance(leaf, (bytes, bytearray)):
        return len(leaf)
    if isinstance(leaf, OpaqueObject):
        return utf8_length(leaf.module) + utf8_length(leaf.name)
    return 0


def utf8_length(text: str) -> int:
    """How many bytes `text` takes as UTF-8.

    Raises `UnreadableError` for a lone surrogate: no page, file or database could hold it.
    """
    if text.isascii():
        return len(text)
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise UnreadableError(
            "A string holds a lone surrogate, which is no character and cannot be shown."
        ) from None
