"""What the readers give: plain Python data, and these inert descriptions beside it."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Final


class Undefined(Enum):
    """The type of `UNDEFINED`."""

    UNDEFINED = "undefined"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined.UNDEFINED
"""JavaScript's `undefined`, which is not its `null`: what a function without `return` gives.

There is one, so `is UNDEFINED` tells; it is falsy, as None is.
"""


@dataclass(frozen=True, slots=True)
class WorkflowInputs:
    """The arguments one workflow was started with."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordedError:
    """An error that an application recorded, whatever its language and format."""

    name: str
    """Name of its class: `ValueError`, `app.errors.PaymentDeclined`."""
    message: str
    """What the application would print; a best guess where only its code could tell."""
    code: int | str | None
    data: Any
    """What was recorded beyond name, message and code; None when that was all."""


@dataclass(frozen=True, slots=True)
class RawValue:
    """A payload that is shown as it is stored."""

    text: str
    serialization: str | None
    """The name of its format as the row has it."""
    reason: str
    """One sentence: why it is not shown as a value."""


@dataclass(frozen=True, slots=True)
class OpaqueObject:
    """What a payload says of an object that only the application's own code could build.

    Nothing named here was imported or called. `called` is False for a bare reference to a class
    or function, True for what calling it would have given.
    """

    module: str
    """Where the class or function lives; empty for what has no home, such as a persistent ID
    or a type of JavaScript."""
    name: str
    """Its name there; dotted for what is nested: `Order.Line`, `ZoneInfo._unpickle`."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    state: Any = None
    """Attributes by name, or what the class gave instead of them; None when nothing was kept."""
    items: tuple[Any, ...] = ()
    """Elements, of a list or set that is no plain one."""
    pairs: tuple[tuple[Any, Any], ...] = ()
    """Keys and values, of a dict that is no plain one."""
    called: bool = True

    # Equal ones need not hash equal, and hashing one could visit shared parts again and again.
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    @property
    def qualified_name(self) -> str:
        """`module.name`, without the module where that says nothing."""
        return self.name if self.module in ("", "builtins") else f"{self.module}.{self.name}"
