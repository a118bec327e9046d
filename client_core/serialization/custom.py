"""An application's own format, reached through the serializer that the operator supplies."""

from typing import Any

from client_core.serialization.budget import Budget, measure
from client_core.serialization.errors import SerializationError, UnreadableError
from client_core.serialization.format import (
    Format,
    Serializer,
    error_from_fields,
    inputs_from_fields,
)
from client_core.serialization.values import RecordedError, WorkflowInputs


class CustomFormat(Format):
    """Adapts a `Serializer`, which may raise anything and return anything."""

    def __init__(self, serializer: Serializer) -> None:
        self.name = serializer.name()
        self._serializer = serializer

    def decode_value(self, text: str, budget: Budget) -> Any:
        budget.admit(len(text))
        try:
            value = self._serializer.deserialize(text)
        except Exception as error:
            raise UnreadableError(
                f"The serializer {self.name} raised {type(error).__qualname__}."
            ) from error
        measure(value, budget)
        return value

    def decode_arguments(self, text: str, budget: Budget) -> WorkflowInputs:
        return inputs_from_fields(
            self.decode_value(text, budget), f"The serializer {self.name} gave"
        )

    def decode_error(self, text: str, budget: Budget) -> RecordedError:
        """Accepts what the official SDK gives its serializers, an exception, or its fields."""
        error = self.decode_value(text, budget)
        if isinstance(error, dict):
            return error_from_fields(error)
        if isinstance(error, BaseException):
            kind = type(error)
            home = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
            return RecordedError(home + kind.__qualname__, _message(error), None, None)
        raise UnreadableError(f"What the serializer {self.name} gave is no error.")

    def encode_value(self, value: Any, budget: Budget) -> str:
        try:
            text = self._serializer.serialize(value)
        except Exception as error:
            raise SerializationError(
                f"The serializer {self.name} raised {type(error).__qualname__}: {error}"
            ) from error
        if not isinstance(text, str):
            raise SerializationError(
                f"The serializer {self.name} returned {type(text).__qualname__}, not a string."
            )
        return text

    def encode_arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], budget: Budget
    ) -> str:
        return self.encode_value({"args": args, "kwargs": kwargs}, budget)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an application's __str__ may count on what was lost on the way
        return ""
