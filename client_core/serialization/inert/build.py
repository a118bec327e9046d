"""Puts drafts together, parts before wholes, once they are known to be within the budget."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from client_core.serialization.errors import UnreadableError
from client_core.serialization.inert.constructors import construct
from client_core.serialization.inert.drafts import CallDraft, DictDraft, FrozenSetDraft, SetDraft
from client_core.serialization.inert.hashing import make_dict, make_set, pairs_of
from client_core.serialization.values import OpaqueObject

_FINISH: Final[dict[type, Callable[[list[Any]], Any]]] = {
    list: lambda parts: parts,
    tuple: tuple,
    DictDraft: lambda parts: make_dict(pairs_of(parts)),
    SetDraft: lambda parts: make_set("set", parts),
    FrozenSetDraft: lambda parts: make_set("frozenset", parts),
}


def build(root: Any, containers: Iterable[Any]) -> Any:
    """The value of `root`, given all containers under it with parts before wholes.

    What was shared stays shared. Raises `UnreadableError` for a call that Python has no form for.
    """
    builder = _Builder()
    for container in containers:
        builder.add(container)
    return builder.value(root)


class _Builder:
    def __init__(self) -> None:
        self._built: dict[int, Any] = {}

    def value(self, draft: Any) -> Any:
        """What became of a draft; a leaf is its own value."""
        return self._built.get(id(draft), draft)

    def add(self, draft: Any) -> None:
        """Build one draft whose parts are built."""
        if isinstance(draft, CallDraft):
            self._built[id(draft)] = construct(self._description(draft))
        else:
            self._built[id(draft)] = _FINISH[type(draft)](self._values(draft))

    def _values(self, drafts: Iterable[Any] | None) -> list[Any]:
        return [] if drafts is None else [self.value(draft) for draft in drafts]

    def _description(self, draft: CallDraft) -> OpaqueObject:
        callee = self.value(draft.callee)
        args = self._values(draft.args)
        module, name = "", "call"
        if isinstance(callee, OpaqueObject) and not callee.called:
            module, name = callee.module, callee.name
        else:  # the result of one call is called in turn
            args.insert(0, callee)
        return OpaqueObject(
            module,
            name,
            tuple(args),
            kwargs=self._keywords(draft.kwargs),
            state=_state(self._values(draft.states)),
            items=tuple(self._values(draft.items)),
            pairs=tuple(pairs_of(self._values(draft.pairs))),
        )

    def _keywords(self, draft: DictDraft | None) -> dict[str, Any]:
        if draft is None:
            return {}
        keywords = self.value(draft)
        if not isinstance(keywords, dict) or not all(isinstance(name, str) for name in keywords):
            raise UnreadableError("The pickle has a keyword that is no name.")
        return keywords


def _state(states: list[Any]) -> Any:
    """What was given to the object last, with the attributes from slots among the others."""
    if not states:
        return None
    state = states[-1]
    if isinstance(state, tuple) and len(state) == 2:
        attributes, slots = state
        if isinstance(slots, dict) and (attributes is None or isinstance(attributes, dict)):
            return {**(attributes or {}), **slots}
    return state
