"""From the JSON that jsonpickle writes to the drafts of the values it describes.

`{"py/id": 5}` stands for the sixth object that jsonpickle itself would have put together, so they
are counted here as it does: lists, dicts, objects and calls, each before its parts.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final

from client_core.serialization.errors import UnreadableError
from client_core.serialization.inert.drafts import CallDraft, DictDraft, SetDraft, reference

_DAMAGED: Final = "The jsonpickle text is damaged: a tag does not hold what belongs to it."
_TIMES: Final = ("datetime.datetime", "datetime.date", "datetime.time")
_HEX: Final = re.compile("[0-9a-f]{32}")
#: What jsonpickle keeps of an object beside its attributes.
_OF_THE_OBJECT: Final = frozenset(
    {
        "py/object",
        "py/newargs",
        "py/newargsex",
        "py/initargs",
        "py/seq",
        "py/state",
        "default_factory",
    }
)

Node = dict[str, Any]


class Restorer:
    """Makes the drafts of one text."""

    def __init__(self) -> None:
        self._seen: list[Any] = []

    def draft(self, node: Any) -> Any:
        """The draft of a JSON value. Raises `UnreadableError` for a tag with other content."""
        if isinstance(node, list):
            return self._list(node)
        if not isinstance(node, dict):
            return node
        for tag, restore in _TAGS:
            if tag in node:
                return restore(self, node)
        return self._dict(node)

    def _remember(self, draft: Any) -> Any:
        self._seen.append(draft)
        return draft

    def _list(self, node: list[Any]) -> list[Any]:
        made: list[Any] = self._remember([])
        made.extend([self.draft(part) for part in node])
        return made

    def _dict(self, node: Node) -> DictDraft:
        made: DictDraft = self._remember(DictDraft())
        for key, part in node.items():
            made += key, self.draft(part)
        return made

    def _tuple(self, node: Node) -> tuple[Any, ...]:
        return tuple([self.draft(part) for part in _list_of(node["py/tuple"])])

    def _set(self, node: Node) -> SetDraft:
        return SetDraft([self.draft(part) for part in _list_of(node["py/set"])])

    def _iterator(self, node: Node) -> list[Any]:
        return self._list(_list_of(node["py/iterator"]))

    def _known(self, node: Node) -> Any:
        place = node["py/id"]
        if not isinstance(place, int) or not 0 <= place < len(self._seen):
            raise UnreadableError(_DAMAGED)
        return self._seen[place]

    def _module(self, node: Node) -> Any:
        named = node.get("py/mod", node.get("py/repr"))
        return self._remember(_named(str(named).partition("/")[2]))

    def _reduce(self, node: Node) -> CallDraft:
        """What `__reduce__` gave: function, arguments, state, elements, and keys with values."""
        made: CallDraft = self._remember(CallDraft(None, ()))
        parts = [self.draft(part) for part in _list_of(node["py/reduce"])]
        callee, args, state, items, pairs = (*parts, *[None] * 5)[:5]
        made.args = tuple(_list_of(args))
        made.callee = callee
        if callee == "py/newobj" and made.args:
            made.callee, *rest = made.args
            made.args = tuple(rest)
        if state:  # an exception without attributes has an empty one
            made.states = [state]
        made.items = list(_list_of(items or ()))
        made.pairs = [part for pair in _list_of(pairs or ()) for part in _pair(pair)]
        return made

    def _object(self, node: Node) -> CallDraft:
        name = node["py/object"]
        made: CallDraft = self._remember(CallDraft(_named(name), ()))
        if name in _TIMES and "__reduce__" in node:
            made.args = self._moment(node["__reduce__"])
        elif name == "uuid.UUID" and _HEX.fullmatch(str(node.get("hex"))):
            made.states = [DictDraft(["int", int(node["hex"], 16)])]
        else:
            self._fill(made, node)
        return made

    def _moment(self, reduced: Any) -> tuple[Any, ...]:
        match reduced:
            case [_, [str(content), *zone]]:
                return (_bytes(content), *[self.draft(part) for part in zone])
        raise UnreadableError(_DAMAGED)

    def _keywords(self, node: Any) -> DictDraft:
        draft = self.draft(node)
        if isinstance(draft, DictDraft):
            return draft
        raise UnreadableError(_DAMAGED)

    def _fill(self, made: CallDraft, node: Node) -> None:
        """What an object was made with, its attributes, elements and state, in that order."""
        state = DictDraft()
        if "default_factory" in node:
            state += "default_factory", self.draft(node["default_factory"])
        if "py/newargsex" in node:
            args, kwargs = _pair(node["py/newargsex"])
            made.args = tuple(_list_of(self.draft(args)))
            made.kwargs = self._keywords(kwargs)
        elif given := {"py/newargs", "py/initargs"} & node.keys():
            made.args = tuple(_list_of(self.draft(node[max(given)])))
            if "py/seq" in node:  # a tuple with names, which are its arguments
                return
        for key, part in node.items():
            if key not in _OF_THE_OBJECT:
                state += key, self.draft(part)
        made.items = [self.draft(part) for part in _list_of(node.get("py/seq", []))]
        states = [state] if state else []
        made.states = [*states, self.draft(node["py/state"])] if "py/state" in node else states


def _named(name: Any) -> Any:
    """A class or function: the module ends where the first class begins, or at the last dot."""
    module, _, rest = str(name).rpartition(".")
    parts = module.split(".")
    for place, part in enumerate(parts):
        if part[:1].isupper():
            return reference(".".join(parts[:place]), ".".join((*parts[place:], rest)))
    return reference(module, rest)


def _bytes(text: Any) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (TypeError, ValueError):
        raise UnreadableError(_DAMAGED) from None


def _bytes_85(text: Any) -> bytes:
    try:
        return base64.b85decode(text)
    except (TypeError, ValueError):
        raise UnreadableError(_DAMAGED) from None


def _list_of(parts: Any) -> Any:
    if isinstance(parts, (list, tuple)):
        return parts
    raise UnreadableError(_DAMAGED)


def _pair(parts: Any) -> Any:
    if isinstance(parts, (list, tuple)) and len(parts) == 2:
        return parts
    raise UnreadableError(_DAMAGED)


# The first one that an object has counts, as in jsonpickle.
_TAGS: Final[tuple[tuple[str, Callable[[Restorer, Node], Any]], ...]] = (
    ("py/tuple", Restorer._tuple),
    ("py/set", Restorer._set),
    ("py/b64", lambda _, node: _bytes(node["py/b64"])),
    ("py/b85", lambda _, node: _bytes_85(node["py/b85"])),
    ("py/id", Restorer._known),
    ("py/iterator", Restorer._iterator),
    ("py/object", Restorer._object),
    ("py/type", lambda _, node: _named(node["py/type"])),
    ("py/reduce", Restorer._reduce),
    ("py/function", lambda _, node: _named(node["py/function"])),
    ("py/mod", Restorer._module),
    ("py/repr", Restorer._module),
)
