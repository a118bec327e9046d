"""What each instruction of pickle does, protocols 0 to 5, except to run code.

Each takes constant time, or time in proportion to what was pushed for it, and none copies,
compares or hashes what the memo shares. So the work is linear in the payload.
"""

import pickletools
from collections.abc import Callable
from typing import Any, Final

from client_core.serialization.errors import UnreadableError
from client_core.serialization.inert.drafts import (
    CallDraft,
    DictDraft,
    FrozenSetDraft,
    SetDraft,
    reference,
)
from client_core.serialization.inert.machine import DAMAGED, Machine
from client_core.serialization.inert.scalars import SCALARS, Reader

Instruction = Callable[[Machine], object]

_NEWEST_PROTOCOL: Final = 5


def _protocol(machine: Machine) -> None:
    machine.protocol = machine.reader.byte()
    if machine.protocol > _NEWEST_PROTOCOL:
        raise UnreadableError(f"The pickle is of protocol {machine.protocol}.")


def _pop_tuple(machine: Machine) -> tuple[Any, ...]:
    args = machine.pop()
    if type(args) is not tuple:
        raise UnreadableError(DAMAGED)
    return args


def _even(items: list[Any]) -> list[Any]:
    if len(items) % 2:
        raise UnreadableError("The pickle has a key without a value.")
    return items


def _scalar(read: Callable[[Reader], Any]) -> Instruction:
    return lambda machine: machine.push(read(machine.reader))


def _container(kind: Callable[[], Any]) -> Instruction:
    return lambda machine: machine.push(kind())


def _marked(kind: Callable[[list[Any]], Any]) -> Instruction:
    return lambda machine: machine.push(kind(machine.pop_mark()))


def _tuple(size: int) -> Instruction:
    def instruction(machine: Machine) -> None:
        items = [machine.pop() for _ in range(size)]
        machine.push(tuple(reversed(items)))

    return instruction


def _add_items(machine: Machine, items: list[Any]) -> None:
    target = machine.top()
    if isinstance(target, CallDraft):
        if target.items is None:
            target.items = []
        target.items.extend(items)
    elif type(target) in (list, SetDraft):
        target.extend(items)
    else:
        raise UnreadableError(DAMAGED)


def _add_pairs(machine: Machine, pairs: list[Any]) -> None:
    target = machine.top()
    if isinstance(target, CallDraft):
        if target.pairs is None:
            target.pairs = []
        target.pairs.extend(_even(pairs))
    elif isinstance(target, DictDraft):
        target.extend(_even(pairs))
    else:
        raise UnreadableError(DAMAGED)


def _append(machine: Machine) -> None:
    item = machine.pop()
    _add_items(machine, [item])


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _add_pairs(machine, [key, value])


def _build(machine: Machine) -> None:
    state = machine.pop()
    target = machine.top()
    if not isinstance(target, CallDraft):
        raise UnreadableError(DAMAGED)
    if target.states is None:
        target.states = []
    target.states.append(state)


def _global(machine: Machine) -> None:
    module, name = machine.reader.line(), machine.reader.line()
    machine.name(module.decode(), name.decode())


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if not (isinstance(name, str) and isinstance(module, str)):
        raise UnreadableError(DAMAGED)
    machine.name(module, name)


def _inst(machine: Machine) -> None:
    args = machine.pop_mark()
    _global(machine)
    machine.push(CallDraft(machine.pop(), tuple(args)))


def _obj(machine: Machine) -> None:
    items = machine.pop_mark()
    if not items:
        raise UnreadableError(DAMAGED)
    machine.push(CallDraft(items[0], tuple(items[1:])))


def _call(machine: Machine) -> None:
    args = _pop_tuple(machine)
    machine.push(CallDraft(machine.pop(), args))


def _call_with_keywords(machine: Machine) -> None:
    kwargs, args = machine.pop(), _pop_tuple(machine)
    if not isinstance(kwargs, DictDraft):
        raise UnreadableError(DAMAGED)
    machine.push(CallDraft(machine.pop(), args, kwargs))


def _extension(width: int) -> Instruction:
    """A class by a number that only the writing process could resolve."""
    return lambda machine: machine.push(reference("", f"extension {machine.reader.uint(width)}"))


def _persistent(machine: Machine, identity: Any) -> None:
    machine.push(CallDraft(reference("", "persistent ID"), (identity,)))


_INSTRUCTIONS: Final[dict[str, Instruction]] = {
    **{name: _scalar(read) for name, read in SCALARS.items()},
    "PROTO": _protocol,
    # Where a frame ends matters to a reader of streams; a false length changes nothing here.
    "FRAME": lambda machine: machine.reader.take(8),
    "MARK": Machine.mark,
    "POP": Machine.discard,
    "POP_MARK": Machine.pop_mark,
    "DUP": lambda machine: machine.push(machine.top()),
    "PUT": lambda machine: machine.memoize(int(machine.reader.number())),
    "BINPUT": lambda machine: machine.memoize(machine.reader.byte()),
    "LONG_BINPUT": lambda machine: machine.memoize(machine.reader.uint(4)),
    "MEMOIZE": lambda machine: machine.memoize(len(machine.memo)),
    "GET": lambda machine: machine.recall(int(machine.reader.number())),
    "BINGET": lambda machine: machine.recall(machine.reader.byte()),
    "LONG_BINGET": lambda machine: machine.recall(machine.reader.uint(4)),
    "TUPLE": _marked(tuple),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "EMPTY_LIST": _container(list),
    "EMPTY_DICT": _container(DictDraft),
    "EMPTY_SET": _container(SetDraft),
    "LIST": _marked(list),
    "DICT": _marked(lambda items: DictDraft(_even(items))),
    "FROZENSET": _marked(FrozenSetDraft),
    "APPEND": _append,
    "APPENDS": lambda machine: _add_items(machine, machine.pop_mark()),
    "ADDITEMS": lambda machine: _add_items(machine, machine.pop_mark()),
    "SETITEM": _set_item,
    "SETITEMS": lambda machine: _add_pairs(machine, machine.pop_mark()),
    "BUILD": _build,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "INST": _inst,
    "OBJ": _obj,
    "REDUCE": _call,
    "NEWOBJ": _call,
    "NEWOBJ_EX": _call_with_keywords,
    "EXT1": _extension(1),
    "EXT2": _extension(2),
    "EXT4": _extension(4),
    "PERSID": lambda machine: _persistent(machine, machine.reader.line().decode()),
    "BINPERSID": lambda machine: _persistent(machine, machine.pop()),
    "NEXT_BUFFER": lambda machine: machine.push(reference("", "out-of-band buffer")),
    "READONLY_BUFFER": lambda machine: None,
}

INSTRUCTIONS: Final = {
    ord(opcode.code): _INSTRUCTIONS[opcode.name]
    for opcode in pickletools.opcodes
    if opcode.name in _INSTRUCTIONS
}
"""By the byte that stands for them; STOP is left to whoever runs them."""
