"""All formats by name, and the one way to read and write them."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from client_core.serialization.budget import Budget
from client_core.serialization.custom import CustomFormat
from client_core.serialization.dbos_json import DBOSJSON
from client_core.serialization.errors import SerializationError, UnreadableError
from client_core.serialization.format import Format, Serializer
from client_core.serialization.java_jackson import JavaJackson
from client_core.serialization.js_superjson import JSSuperJSON
from client_core.serialization.jsonpickle import JSONPickle
from client_core.serialization.portable_json import PortableJSON
from client_core.serialization.py_pickle import PyPickle
from client_core.serialization.unnamed import PlainJSON, own_format
from client_core.serialization.values import RawValue, RecordedError, WorkflowInputs

FORMATS: Final[tuple[type[Format], ...]] = (
    PortableJSON,
    PyPickle,
    JSSuperJSON,
    DBOSJSON,
    JavaJackson,
)
"""One module each. A new format is a new module and its class in this line."""

_UNNAMED: Final = JSONPickle()
"""What only rows hold that do not name it."""

_WRITTEN_BY: Final = {"DBOS_GOB": "Go"}
"""Formats that are known by name and shown as they are."""

_DEFAULT_BUDGET: Final = Budget()
_LOG: Final = logging.getLogger(__name__)

T = TypeVar("T")


class Serialization:
    """Reads and writes the payloads of one client.

    `default` is the format written where none is named: that of `custom` when there is one,
    otherwise `portable_json`, which every SDK reads. `custom` is an application's own serializer,
    chosen by its name. `budget` limits what is read.

    Reading never raises: what cannot be shown as a value comes back as a `RawValue`. Where a row
    does not name its format, its text tells; if it does not either, it is `custom` or plain JSON.
    """

    def __init__(
        self,
        default: str | None = None,
        custom: Serializer | None = None,
        budget: Budget = _DEFAULT_BUDGET,
    ) -> None:
        """Raises `SerializationError` for a default that is not `writable`, or a custom
        serializer with the name of a built-in one: rows of strangers would go through it.
        """
        self._budget = budget
        self._formats: dict[str, Format] = {kind.name: kind() for kind in FORMATS}
        own = None if custom is None else CustomFormat(custom)
        #: The name of the application's own format, if there is one.
        self.custom: Final = None if own is None else own.name
        self._unmarked: Format = own or PlainJSON()
        if own is not None:
            if own.name in self._formats or own.name in _WRITTEN_BY:
                raise SerializationError(f"{own.name} is the name of a format of DBOS.")
            self._formats[own.name] = own
            default = default or own.name
        self.default: Final = self._writer(default or PortableJSON.name).name

    @property
    def readable(self) -> tuple[str, ...]:
        """The names of all formats whose payloads are shown as values."""
        return tuple(self._formats)

    @property
    def writable(self) -> tuple[str, ...]:
        """The names of all formats that can be written."""
        return tuple(name for name, known in self._formats.items() if known.writable)

    def encode_value(self, value: Any, format: str | None = None) -> tuple[str, str]:  # noqa: A002
        """The text of an event, message, or output, and the name of its format.

        Raises `SerializationError` for what the format cannot carry, and for a format that is not
        `writable`.
        """
        writer = self._writer(format)
        return writer.encode_value(value, self._budget), writer.name

    def encode_arguments(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        format: str | None = None,  # noqa: A002
    ) -> tuple[str, str]:
        """The text of a workflow's arguments, and the name of its format.

        Raises `SerializationError` as `encode_value` does.
        """
        writer = self._writer(format)
        return writer.encode_arguments(args, kwargs, self._budget), writer.name

    def decode_value(self, text: str | None, format: str | None) -> Any:  # noqa: A002
        """What `text` holds; a `RawValue` where that cannot be shown; None for None."""
        return self._read(text, format, lambda reader, row: reader.decode_value(row, self._budget))

    def decode_arguments(
        self,
        text: str | None,
        format: str | None,  # noqa: A002
    ) -> WorkflowInputs | RawValue | None:
        """The arguments of a workflow, on the terms of `decode_value`."""
        return self._read(
            text, format, lambda reader, row: reader.decode_arguments(row, self._budget)
        )

    def decode_error(
        self,
        text: str | None,
        format: str | None,  # noqa: A002
    ) -> RecordedError | RawValue | None:
        """How a workflow or step failed, on the terms of `decode_value`."""
        return self._read(text, format, lambda reader, row: reader.decode_error(row, self._budget))

    def _writer(self, name: str | None) -> Format:
        writer = self._formats.get(self.default if name is None else name)
        if writer is None or not writer.writable:
            raise SerializationError(
                f"The format {name} cannot be written; these can: {', '.join(self.writable)}."
            )
        return writer

    def _read(
        self, text: str | None, name: str | None, read: Callable[[Format, str], T]
    ) -> T | RawValue | None:
        if text is None:
            return None
        reader = self._formats.get(name) if name else self._unnamed(text)
        if reader is None:
            return RawValue(text, name, _why_unread(name))
        try:
            return read(reader, text)
        except UnreadableError as error:
            return RawValue(text, name, str(error))
        except Exception as error:
            # A reader that meets what its author did not foresee must cost one value, not a page.
            _LOG.exception("Reading a payload in the format %s failed", name)
            return RawValue(text, name, f"Its reader failed with {type(error).__qualname__}.")

    def _unnamed(self, text: str) -> Format:
        name = own_format(text)
        if name is None:
            return self._unmarked
        return self._formats.get(name, _UNNAMED)


def _why_unread(name: str | None) -> str:
    if name in _WRITTEN_BY:
        return f"{name}, the format of {_WRITTEN_BY[name]} applications, is not read yet."
    return f"{name} is not a known format: its application has a serializer of its own."
