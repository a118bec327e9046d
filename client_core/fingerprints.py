"""What two failures have in common: the error's type, and its message without what varies.

DBOS records no stack that every language has, so the words of the message have to tell errors
apart. Numbers, IDs and what stands in quotes differ from run to run and are taken out.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from client_core.serialization import RawValue, RecordedError

#: More of a message tells no more.
MOST_CHARACTERS: Final = 1_000

#: What a language itself says of its code: what it quotes are names in the code, not values.
_ABOUT_CODE: Final = frozenset(
    (
        "AttributeError",
        "ImportError",
        "ModuleNotFoundError",
        "NameError",
        "ReferenceError",
        "SyntaxError",
        "TypeError",
        "UnboundLocalError",
    )
)

_QUOTES: Final = r"""(?<!\w)'[^'\n]*'(?!\w)|"[^"\n]*"|`[^`\n]*`|“[^”\n]*”|«[^»\n]*»"""
#: What varies, by what it is called instead. The first that fits is taken.
_VARIES: Final = {
    "url": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s'\"<>)\]]+",
    "email": r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+",
    "uuid": r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])",
    "time": (
        r"\b\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
        r"(?: ?(?:z|utc|[+-]\d\d:?\d\d))?)?\b"
        r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"
    ),
    "address": r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b",
    "path": r"(?<![\w/.])(?:[a-z]:|\.{1,2}|~)?(?:[\\/][\w.@~+-]+){2,}[\\/]?",
    "hex": r"\b0x[0-9a-f]+\b|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b",
    "id": r"\b(?=\d*[a-z_])(?=[a-z_]*\d+[a-z_]+\d)\w{10,}\b",
    "number": r"(?<![\w.)-])[-+]?\d+(?:[.,_]\d+)*(?:e[-+]?\d+)?|\d+",
}
_PARTS: Final = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _VARIES.items())
#: Most of a message is plain words, which nothing else need look at.
_WORD: Final = r"(?P<word>(?<![a-z])[a-z]++(?![\w@:.+/\\-]))"
_VALUES: Final = re.compile(f"{_WORD}|(?P<value>{_QUOTES})|{_PARTS}", re.IGNORECASE)
_BUT_QUOTES: Final = re.compile(f"{_WORD}|{_PARTS}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """A failure without what varies from run to run."""

    #: The name of the error's class without its module; None where the error cannot be read.
    error_type: str | None
    #: The message, with ``<number>``, ``<uuid>`` and the like in place of what varies.
    pattern: str


def error_shape(error: RecordedError | RawValue | None) -> ErrorShape:
    """What an error has in common with others like it, in whatever language it was recorded."""
    match error:
        case None:
            return ErrorShape(None, "")
        case RecordedError():
            kind = re.split(r"[.$]", error.name)[-1] or "Error"
            return ErrorShape(kind, without_values(error.message, quotes=kind in _ABOUT_CODE))
        case RawValue():
            # Of unknown formats those with spaces are text for people; JSON quotes everything.
            words = without_values(error.text, quotes=True) if " " in error.text else ""
            return ErrorShape(None, words or error.reason)


def without_values(message: str, *, quotes: bool = False) -> str:
    """A message with what varies taken out; ``quotes`` keeps what stands in quotes."""
    text = " ".join(message[:MOST_CHARACTERS].split())
    return (_BUT_QUOTES if quotes else _VALUES).sub(_replaced, text)


def _replaced(found: re.Match[str]) -> str:
    return found[0] if found.lastgroup == "word" else f"<{found.lastgroup}>"


def fingerprint(status: str, workflow_name: str, shape: ErrorShape) -> str:
    """A short text that is the same for failures of one group, now and later."""
    parts = (status, workflow_name, shape.error_type or "", shape.pattern)
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:16]
