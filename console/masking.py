"""Secrets masked: what keys hide, what a sentence tells, and whether a stored text may hold any.

A key is compared without case and punctuation, so `*api_key*` hides `apiKey` and `X-API-Key`. A
value is hidden with all that is in it, whatever its type.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Final

from django.conf import settings

from console.systems import served_system

#: What stands for a hidden value.
DOTS: Final = "••••"
#: A key is looked at this far; what nobody could read in it is no key that somebody chose.
KEY_LENGTH: Final = 200
#: What a scanned piece keeps of the one before, so that a key is found across their border.
_OVERLAP: Final = 4 * KEY_LENGTH
#: Holds a whole Java object, which only Java reads.
_OPAQUE: Final = b"base64bytes"
_PUNCTUATION: Final = bytes(set(range(128)) - set(b"0123456789abcdefghijklmnopqrstuvwxyz"))
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
#: `user:password@` of an address.
_ADDRESS: Final = re.compile(r"(?<=://)([^\s/:@\"']{0,200}+):[^\s/@\"']{1,500}+@")
_STORED_ADDRESS: Final = re.compile(_ADDRESS.pattern.encode())
#: What follows a key in a sentence, a header or a text that is JSON, a dict or an address.
_THEN: Final = r"""(?P<then>[\w.-]{0,64}+\\{0,8}+["']?\s{0,8}+(?:=>|[:=]|%3[aAdD])\s{0,8}+)"""
_WHAT: Final = (
    r"(?:"
    r'"(?:[^"\\]|\\.)*+"?'
    r"|'(?:[^'\\]|\\.)*+'?"
    r"|[\[{].*+"
    r"|(?P<quote>\\{1,8}+[\"'])(?:(?!(?P=quote)).)*+"
    r"|(?:bearer|basic|digest|token)\s++[^\s,;&\"'}\])]++"
    r"|[^\s,;&\"'}\])]++)"
)


class Hidden:
    """What stands in a payload for a value that is not shown."""

    __slots__ = ()


HIDDEN: Final = Hidden()


def plain(text: str) -> str:
    """A key or pattern without case and punctuation."""
    return text.casefold().encode(errors="replace").translate(None, _PUNCTUATION).decode()


class Masks:
    """The patterns of keys whose values are hidden; `*` stands for anything."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        parts = [tuple(map(plain, pattern.split("*"))) for pattern in patterns]
        self._parts = tuple(part for part in parts if part != ("",))
        spelled = (".*".join(map(re.escape, part)) for part in self._parts)
        self._key = re.compile("|".join(spelled) or "(?!)", re.DOTALL)
        self._sentence = re.compile(
            rf"(?is)(?P<key>{'|'.join(map(_spelled, self._parts)) or '(?!)'}){_THEN}{_WHAT}"
        )
        self._hides = lru_cache(maxsize=4_096)(self._hides_text)

    def __bool__(self) -> bool:
        return bool(self._parts)

    def hides(self, key: Any) -> bool:
        """Whether what is under this key is hidden."""
        if isinstance(key, bytes):
            key = key[:KEY_LENGTH].decode(errors="replace")
        if isinstance(key, tuple):
            return any(self.hides(part) for part in key[:8] if isinstance(part, str | bytes))
        return isinstance(key, str) and self._hides(key[:KEY_LENGTH])

    def under(self, key: Any, value: Any) -> Any:
        """The value, or what stands for it."""
        return HIDDEN if value is not None and self.hides(key) else value

    def hide_in(self, value: Any) -> bool:
        """Whether something in a JSON value is hidden: under a key, or told by a sentence."""
        rest = [value]
        while rest:
            match rest.pop():
                case dict() as found:
                    if any(map(self.hides, found)):
                        return True
                    rest += found.values()
                case list() as found:
                    rest += found
                case str() as found if self.text(found) != found:
                    return True
        return False

    def text(self, text: str) -> str:
        """A sentence without the values that follow a key of these, or an address its password."""
        if not self._parts:
            return text
        if "://" in text:
            text = _ADDRESS.sub(rf"\1:{DOTS}@", text)
        return self._sentence.sub(rf"\g<key>\g<then>{DOTS}", text)

    def suspects(self, pieces: Iterable[bytes]) -> bool:
        """Whether a stored text, in whatever format, may hold a hidden key; rather yes than no.

        It is looked at piece by piece, as it is or as what its base64 stands for.
        """
        if not self._parts:
            return False
        return any(self._found(window) for window in _windows(pieces))

    def _found(self, window: bytes) -> bool:
        if b"://" in window and _STORED_ADDRESS.search(window):
            return True
        squeezed = window.translate(None, _PUNCTUATION)
        return _OPAQUE in squeezed or any(
            all(piece.encode() in squeezed for piece in part) and _bounded(part, window)
            for part in self._parts
        )

    def _hides_text(self, key: str) -> bool:
        return self._key.fullmatch(plain(key)) is not None


def _spelled(part: tuple[str, ...]) -> str:
    """A pattern as it occurs in a sentence, with or without punctuation in it."""
    words = (r"[-_. ]?".join(map(re.escape, piece)) for piece in part if piece)
    start = "" if part[0] == "" else r"(?<![^\W_])"
    end = "" if part[-1] == "" else r"(?![^\W_])"
    return start + r"\w{0,64}?".join(words) + end


def _bounded(part: tuple[str, ...], window: bytes) -> bool:
    """Whether a pattern that is no part of a longer word occurs by itself.

    In old pickles a letter that is an instruction may stand beside a word.
    """
    if part[0] == "" or part[-1] == "":
        return True
    word = rb"[^0-9a-z]{0,3}".join(re.escape(bytes([byte])) for byte in part[0].encode())
    return len(part) > 1 or bool(
        re.search(rb"(?:(?<![0-9a-z])|(?<=\nv)|(?<=^v))%b(?:(?![0-9a-z])|(?=[qrh]))" % word, window)
    )


def _windows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Each piece with the end of the one before, in lower case; decoded where it is base64."""
    text_end = data_end = b""
    rest, is_base64 = b"", True
    for piece in pieces:
        text = text_end + piece
        text_end = text[-_OVERLAP:]
        joined = rest + piece.rstrip()
        is_base64 = is_base64 and _BASE64.fullmatch(joined) is not None
        if is_base64:
            whole = len(joined) // 4 * 4
            decoded = data_end + base64.b64decode(joined[:whole])
            rest, data_end = joined[whole:], decoded[-_OVERLAP:]
            yield _lower(decoded)
        else:
            yield _lower(text)


def _lower(piece: bytes) -> bytes:
    try:
        text = piece.decode(errors="surrogateescape")
        if "\\u" in text:
            text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        return text.casefold().encode(errors="surrogatepass")
    except UnicodeEncodeError:  # bytes that are no text beside characters that are
        return piece.lower()


NO_MASKS: Final = Masks(())


def configured() -> Masks:
    """The masks of the system that the request at hand is about, or else of the settings."""
    system = served_system()
    return _masks(system.masked_keys if system else tuple(settings.CONSOLE_MASKED_KEYS))


_masks = cache(Masks)
