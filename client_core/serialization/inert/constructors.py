"""The classes of the standard library that are data, rebuilt from checked arguments.

Each constructor takes the description of a call, and returns its result or raises `ValueError`,
`TypeError` or `ArithmeticError` for arguments that no such object was ever pickled with. The
description then stays what is shown.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from client_core.serialization.inert.drafts import arguments, reference
from client_core.serialization.inert.hashing import make_dict, make_set
from client_core.serialization.inert.times import TIMES
from client_core.serialization.limits import MAX_DIGITS, plain_digits
from client_core.serialization.values import OpaqueObject

MAX_RANGE: Final = 1_000
"""Elements of the longest range that becomes one: whoever shows it may write them all out."""


def construct(described: OpaqueObject) -> Any:
    """What `described` stands for: plain data where it can be that, otherwise itself."""
    described = _unwrapped(described)
    constructor = _CONSTRUCTORS.get((described.module, described.name))
    if constructor is None:
        return described
    try:
        return constructor(described)
    except (ValueError, TypeError, ArithmeticError):
        return described


def _unwrapped(described: OpaqueObject) -> OpaqueObject:
    """The object itself, where pickle's own helpers would have made it (protocols 0 and 1)."""
    if described.module != "copyreg":
        return described
    match described.name, described.args:
        case "_reconstructor", (OpaqueObject(called=False) as cls, OpaqueObject() as base, content):
            plain = base.qualified_name == "object"
            args: tuple[Any, ...] = () if plain else (content,)
        case "__newobj__", (OpaqueObject(called=False) as cls, *rest):
            args = tuple(rest)
        case _:
            return described
    return replace(described, module=cls.module, name=cls.name, args=args)


def _attribute(described: OpaqueObject) -> OpaqueObject:
    """`getattr(Class, "name")`, which is how an older protocol names what is nested."""
    match arguments(described):
        case (OpaqueObject(called=False) as owner, str(name)):
            return reference(owner.module, f"{owner.name}.{name}")
    raise ValueError


def _encoded(described: OpaqueObject) -> bytes:
    """`_codecs.encode(text, "latin1")`, which is how an older protocol spells bytes."""
    match arguments(described):
        case (str(text), "latin1" | "latin-1"):
            return text.encode("latin-1")
    raise ValueError


def _bytes(described: OpaqueObject) -> bytes:
    if arguments(described):
        raise ValueError
    return b""


def _bytearray(described: OpaqueObject) -> bytearray:
    match arguments(described):
        case ():
            return bytearray()
        case (bytes(content),):  # and never a number: that would be a length
            return bytearray(content)
        case (str(), str()):
            return bytearray(_encoded(described))
    raise ValueError


def _set(described: OpaqueObject) -> Any:
    match arguments(described):
        case ():
            return make_set(described.name, ())
        case (list(items),):
            return make_set(described.name, items)
    raise ValueError


def _ordered_dict(described: OpaqueObject) -> OrderedDict[Any, Any]:
    if arguments(replace(described, pairs=())):
        raise ValueError
    plain = make_dict(described.pairs)
    if isinstance(plain, OpaqueObject):
        raise ValueError
    return OrderedDict(plain)


def _deque(described: OpaqueObject) -> deque[Any]:
    match arguments(replace(described, items=())):
        case ():
            return deque(described.items)
        case ((), int(longest)):
            return deque(described.items, longest)
    raise ValueError


def _range(described: OpaqueObject) -> range:
    match arguments(described):
        case (int(start), int(stop), int(step)):
            # Not by `len`, which fails above 2**63.
            if -((start - stop) // step) <= MAX_RANGE:
                return range(start, stop, step)
    raise ValueError


def _complex(described: OpaqueObject) -> complex:
    match arguments(described):
        case (float(real), float(imaginary)):
            return complex(real, imaginary)
    raise ValueError


def _decimal(described: OpaqueObject) -> Decimal:
    match arguments(described):
        case (str(text),) if len(text) <= 2 * MAX_DIGITS:
            number = Decimal(text)
            if plain_digits(number) <= MAX_DIGITS:
                return number
    raise ValueError


def _uuid(described: OpaqueObject) -> UUID:
    state = described.state
    if not isinstance(state, dict) or arguments(replace(described, state=None)):
        raise ValueError
    return UUID(int=state.get("int"))


_CONSTRUCTORS: Final[dict[tuple[str, str], Callable[[OpaqueObject], Any]]] = {
    ("builtins", "getattr"): _attribute,
    ("builtins", "bytes"): _bytes,
    ("builtins", "bytearray"): _bytearray,
    ("builtins", "set"): _set,
    ("builtins", "frozenset"): _set,
    ("builtins", "range"): _range,
    ("builtins", "complex"): _complex,
    ("_codecs", "encode"): _encoded,
    ("collections", "OrderedDict"): _ordered_dict,
    ("collections", "deque"): _deque,
    ("decimal", "Decimal"): _decimal,
    ("uuid", "UUID"): _uuid,
    **TIMES,
}
