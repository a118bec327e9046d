"""What a format is. One module defines one; `registry` lists them."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NoReturn, Protocol

from client_core.serialization.budget import Budget
from client_core.serialization.errors import SerializationError, UnreadableError
from client_core.serialization.values import RecordedError, WorkflowInputs


class Serializer(Protocol):
    """An application's own format, with the methods of the official Python SDK's `Serializer`."""

    def name(self) -> str:
        """What the `serialization` column says of rows in this format."""

    def serialize(self, value: Any) -> str:
        """The stored text of `value`; arguments come as `{"args": (...), "kwargs": {...}}`."""

    def deserialize(self, text: str) -> Any:
        """The value of a stored text. Must be safe for text that anybody may have written."""


class Format(ABC):
    """Reads, and where it can writes, the payloads of one name in the `serialization` column.

    Readers raise `UnreadableError`, writers `SerializationError`. A format that is only read
    leaves the two encoders alone and says `writable = False`.
    """

    name: str
    writable: ClassVar[bool] = True

    @abstractmethod
    def decode_value(self, text: str, budget: Budget) -> Any:
        """An output, event, message, stream value or schedule context."""

    @abstractmethod
    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        """What a workflow was started with."""

    @abstractmethod
    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        """How a workflow or step failed."""

    def encode_value(self, value: Any, budget: Budget) -> str:
        """The stored text of `value`."""
        self._refuse()

    def encode_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], budget: Budget
    ) -> str:
        """The stored text of a workflow's arguments."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise SerializationError(f"{self.name} is read and never written.")


def error_from_fields(fields: dict[str, Any]) -> RecordedError:
    """An error recorded as `{"name", "message", "code", "data"}`, each of which may be missing."""
    code = fields.get("code")
    return RecordedError(
        name=str(fields.get("name") or "Error"),
        message=str(fields.get("message") or ""),
        code=code if code is None or isinstance(code, (int, str)) else str(code),
        data=fields.get("data"),
    )


def inputs_from_fields(value: Any, origin: str) -> WorkflowInputs:
    """The arguments recorded as `{"args": (...), "kwargs": {...}}`, the form of Python.

    Raises `UnreadableError`, which begins with `origin`, when `value` is anything else.
    """
    match value:
        case {"args": tuple() | list() as args, "kwargs": dict() as kwargs} if len(value) == 2:
            if all(isinstance(name, str) for name in kwargs):
                return WorkflowInputs(tuple(args), kwargs)
    raise UnreadableError(f"{origin} no workflow arguments: a dict of args and kwargs.")
