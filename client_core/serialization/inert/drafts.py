"""What the machine leaves: the parts of a value, not yet put together.

A pickle fills an object long after others refer to it, so nothing can be built until the last
instruction has run. Lists and tuples stand for themselves. The others are lists too, without a
`__dict__`, because a hostile pickle makes as many as it can.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from client_core.serialization.values import OpaqueObject


class DictDraft(list[Any]):
    """A dict: key, value, key, value …"""

    __slots__ = ()


class SetDraft(list[Any]):
    """A set: its elements, in any number and of any kind."""

    __slots__ = ()


class FrozenSetDraft(list[Any]):
    """A frozenset."""

    __slots__ = ()


class CallDraft:
    """Something that would have been called, and what would have been put into the result."""

    __slots__ = ("args", "callee", "items", "kwargs", "pairs", "states")

    def __init__(self, callee: Any, args: tuple[Any, ...], kwargs: DictDraft | None = None) -> None:
        self.callee = callee
        self.args = args
        self.kwargs = kwargs
        self.states: list[Any] | None = None
        self.items: list[Any] | None = None
        self.pairs: list[Any] | None = None
        """Key, value, key, value …"""


def reference(module: str, name: str) -> OpaqueObject:
    """A class or function that the pickle names; finished as it is."""
    return OpaqueObject(module, name, called=False)


def draft_children(draft: Any) -> Iterable[Any] | None:
    """The parts of a draft, for `measure`; None for a leaf."""
    if isinstance(draft, (list, tuple)):
        return draft
    if isinstance(draft, CallDraft):
        return chain(
            (draft.callee,),
            draft.args,
            () if draft.kwargs is None else (draft.kwargs,),
            draft.states or (),
            draft.items or (),
            draft.pairs or (),
        )
    return None


def arguments(described: OpaqueObject) -> tuple[Any, ...]:
    """The arguments of a call whose result nothing was put into afterwards.

    Raises `ValueError` when something was, which no plain data needs.
    """
    if described.kwargs or described.items or described.pairs or described.state is not None:
        raise ValueError
    return described.args
