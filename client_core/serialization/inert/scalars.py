"""The bytes of a pickle, and the instructions that only push one constant."""

import codecs
import re
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from client_core.serialization.errors import UnreadableError
from client_core.serialization.limits import MAX_DIGITS, MAX_INT_BITS, MAX_INT_BYTES

_CUT_SHORT: Final = "The pickle is cut short."
_TOO_LARGE: Final = f"The value has an integer of more than {MAX_DIGITS:,} digits."
_FLOAT: Final = Struct(">d")


class Reader:
    """Reads forward through bytes that may end anywhere and lie about every length."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def byte(self) -> int:
        """The next byte. Raises `UnreadableError` at the end, as all methods do."""
        if self._position >= len(self._data):
            raise UnreadableError(_CUT_SHORT)
        self._position += 1
        return self._data[self._position - 1]

    def take(self, length: int) -> bytes:
        """The next `length` bytes, copied only after it is known that they are there."""
        end = self._position + length
        if end > len(self._data):
            raise UnreadableError(_CUT_SHORT)
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def uint(self, width: int) -> int:
        """A little-endian unsigned integer of `width` bytes."""
        return int.from_bytes(self.take(width), "little")

    def sized(self, width: int) -> bytes:
        """The bytes that follow their own length, itself `width` bytes wide."""
        return self.take(self.uint(width))

    def line(self) -> bytes:
        """The bytes up to the next newline, without it."""
        end = self._data.find(b"\n", self._position)
        if end < 0:
            raise UnreadableError(_CUT_SHORT)
        taken = self._data[self._position : end]
        self._position = end + 1
        return taken

    def number(self) -> bytes:
        """A line that spells a number, and is no longer than numbers are.

        A hexadecimal one has fewer digits than its value has in decimal, so this does not do
        alone.
        """
        line = self.line()
        if len(line) > MAX_DIGITS + 2:
            raise UnreadableError(_TOO_LARGE)
        return line


def _signed(reader: Reader, width: int) -> int:
    if width > MAX_INT_BYTES:
        raise UnreadableError(_TOO_LARGE)
    return _printable(int.from_bytes(reader.take(width), "little", signed=True))


def _printable(value: int) -> int:
    if value.bit_length() > MAX_INT_BITS:
        raise UnreadableError(_TOO_LARGE)
    return value


def _int(reader: Reader) -> int:
    """INT spells booleans too, as `01` and `00`."""
    literal = reader.number()
    return literal == b"01" if literal in (b"00", b"01") else _printable(int(literal, 0))


def _quoted(reader: Reader) -> str:
    line = reader.line()
    if len(line) < 2 or line[:1] not in b"'\"" or line[-1:] != line[:1]:
        raise UnreadableError("The pickle has a string without quotes.")
    return _ESCAPE.sub(_unescaped, line[1:-1]).decode("latin-1")


# The escapes of Python 2's repr. `codecs.escape_decode` would warn about all others.
_ESCAPE: Final = re.compile(rb"\\(x[0-9a-fA-F]{2}|[\\'\"abfnrtv])")


def _unescaped(match: re.Match[bytes]) -> bytes:
    return codecs.escape_decode(match[0])[0]


def _unicode(encoded: bytes) -> str:
    return str(encoded, "utf-8", "surrogatepass")


SCALARS: Final[dict[str, Callable[[Reader], Any]]] = {
    "NONE": lambda reader: None,
    "NEWTRUE": lambda reader: True,
    "NEWFALSE": lambda reader: False,
    "INT": _int,
    "LONG": lambda reader: _printable(int(reader.number().removesuffix(b"L"), 0)),
    "BININT": lambda reader: _signed(reader, 4),
    "BININT1": Reader.byte,
    "BININT2": lambda reader: reader.uint(2),
    "LONG1": lambda reader: _signed(reader, reader.byte()),
    "LONG4": lambda reader: _signed(reader, reader.uint(4)),
    "FLOAT": lambda reader: float(reader.number()),
    "BINFLOAT": lambda reader: _FLOAT.unpack(reader.take(8))[0],
    "STRING": _quoted,
    "BINSTRING": lambda reader: reader.sized(4).decode("latin-1"),
    "SHORT_BINSTRING": lambda reader: reader.sized(1).decode("latin-1"),
    "UNICODE": lambda reader: str(reader.line(), "raw-unicode-escape"),
    "SHORT_BINUNICODE": lambda reader: _unicode(reader.sized(1)),
    "BINUNICODE": lambda reader: _unicode(reader.sized(4)),
    "BINUNICODE8": lambda reader: _unicode(reader.sized(8)),
    "SHORT_BINBYTES": lambda reader: reader.sized(1),
    "BINBYTES": lambda reader: reader.sized(4),
    "BINBYTES8": lambda reader: reader.sized(8),
    "BYTEARRAY8": lambda reader: bytearray(reader.sized(8)),
    "EMPTY_TUPLE": lambda reader: (),
}
"""By the name of the instruction, as `pickletools` has it."""
