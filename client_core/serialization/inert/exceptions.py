"""What a pickled exception says, without its class."""

import builtins
from typing import Any, Final

from client_core.serialization.errors import UnreadableError
from client_core.serialization.inert.dbos_errors import dbos_error
from client_core.serialization.values import OpaqueObject, RecordedError

# In the order of the official SDK, which looks for them on the live exception.
_CODES: Final = ("code", "error_code", "errno", "status", "status_code", "dbos_error_code")

_OS_ERRORS: Final = frozenset(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, OSError)
)


def recorded_error(value: Any) -> RecordedError:
    """The error that a pickle describes, with a message as near to `str(error)` as can be.

    Raises `UnreadableError` when the pickle holds data and no object.
    """
    if not isinstance(value, OpaqueObject) or not value.called:
        raise UnreadableError("The pickle is no exception.")
    state = value.state if isinstance(value.state, dict) else {}
    code = _code(state)
    known = dbos_error(value, code) or _os_error(value)
    if known is not None:
        code, message = known
    else:
        message = _message(value, state)
    return RecordedError(value.qualified_name, message, code, None if _is_bare(value) else value)


def _code(state: dict[Any, Any]) -> int | str | None:
    codes = (state.get(attribute) for attribute in _CODES)
    return next((code for code in codes if isinstance(code, (int, str))), None)


def _os_error(error: OpaqueObject) -> tuple[int, str] | None:
    """`OSError(number, text, path)`, which prints all three."""
    if error.module == "builtins" and error.name in _OS_ERRORS:
        match error.args:
            case (int(number), str(text)):
                return number, f"[Errno {number}] {text}"
            case (int(number), str(text), str(path), *_):
                return number, f"[Errno {number}] {text}: {path!r}"
    return None


def _message(error: OpaqueObject, state: dict[Any, Any]) -> str:
    match error.args:
        case (key,) if error.qualified_name == "KeyError":
            return repr(key)
        case (str(text), *_):
            return text
        case ():
            return str(state.get("message", ""))
    return ", ".join(map(_shown, error.args))


def _shown(part: Any) -> str:
    return part.qualified_name if isinstance(part, OpaqueObject) else str(part)


def _is_bare(error: OpaqueObject) -> bool:
    """Whether there is nothing to the error but its class and a text."""
    text = error.args[:1]
    return all(isinstance(part, str) for part in text) and (
        error == OpaqueObject(error.module, error.name, text)
    )
