"""From the bytes of a pickle to an inert value."""

from typing import Any, Final

from client_core.serialization.budget import Budget, measure
from client_core.serialization.errors import UnreadableError
from client_core.serialization.inert.build import build
from client_core.serialization.inert.drafts import draft_children
from client_core.serialization.inert.instructions import INSTRUCTIONS
from client_core.serialization.inert.machine import Machine

# Protocol 0 takes the most: `(lp5\na` puts one empty list into another by four.
_STEPS_PER_NODE: Final = 5
_STEPS_AT_LEAST: Final = 100
_STOP: Final = ord(".")


def load(data: bytes, budget: Budget) -> Any:
    """The value that a pickle describes, with `OpaqueObject` for all that is not plain data.

    Parts that the pickle shares are shared in the value too; its sizes as it prints are within
    the budget. What follows the end of the pickle is ignored, as Python does.

    Raises `UnreadableError` when the pickle is damaged or over the budget.
    """
    draft = _run(data, _STEPS_PER_NODE * budget.nodes + _STEPS_AT_LEAST)
    return build(draft, measure(draft, budget, draft_children))


def _run(data: bytes, steps: int) -> Any:
    """The draft that is left on the stack; `steps` bounds the time and memory this may take."""
    machine = Machine(data)
    try:
        for _ in range(steps):
            code = machine.reader.byte()
            if code == _STOP:
                return machine.pop()
            instruction = INSTRUCTIONS.get(code)
            if instruction is None:
                raise UnreadableError(f"The pickle has an unknown instruction, {code}.")
            instruction(machine)
    except ValueError:  # of int, float and str, for bytes that spell none
        raise UnreadableError("The pickle has a damaged number or string.") from None
    raise UnreadableError(f"The pickle has more than {steps:,} instructions.")
