"""What the search box offers while somebody types: terms, and values that the database holds."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from client_core import StatusString
from console.masking import Masks
from console.workflows.search import FLAGS, NAMES, STATUSES, TIMES, last_value, spelled, token_at

#: More are not offered, and in a longer line nothing is.
MOST_OPTIONS = 10
MOST_CHARACTERS = 2_000
#: So much of a name tells it from the beginning of an ID.
LEAST_OF_A_NAME = 2
#: Those of which the database tells values.
KNOWN = ("name", "queue", "user", "version", "app", "schedule", "executor")
AGES = ("<15min", "<1h", "<1d", "<7d")

#: Term → what it says, in the order in which they are offered.
TERMS = {
    "status:": "error, cancelled, running …",
    "name:": "the workflow",
    "queue:": "where it waits or waited",
    "created:": "<2h, or a day",
    "completed:": "<2h, or a day",
    "started:": "<2h, or a day",
    "attr.": "an attribute: attr.customer=42",
    "user:": "who asked for it",
    "version:": "of the application",
    "app:": "the application",
    "schedule:": "what started it",
    "executor:": "who ran it",
    "parent:": "children of this ID",
    "fork-of:": "forks of this ID",
    "id:": "exactly these IDs",
    "has:parent": "children only",
    "is:fork": "forks only",
    "is:forked": "those with forks",
    "is:queued": "on a queue, not over",
}
_STATUS_NOTES = {
    StatusString.PENDING.value: "runs",
    StatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value: "gave up",
}
_ATTRIBUTE = re.compile(r"attr\.(?P<path>[^=]*)(?P<equals>=?)(?P<value>.*)", re.DOTALL)
_PLAIN_KEY = re.compile(r'[^\s".=,]+')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Known(Protocol):
    """What the database tells."""

    def values(self, field: str, beginning: str) -> Sequence[str]:
        """Values of a filter."""

    def attribute_keys(self, path: Sequence[str]) -> Sequence[str]:
        """Keys of attributes, below a path."""

    def attribute_values(self, path: Sequence[str]) -> Sequence[str]:
        """Values at a path in the attributes, in JSON."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to go on."""

    #: The term.
    text: str
    note: str
    #: The whole line with it, and where the caret stands then.
    line: str
    caret: int


def complete(line: str, caret: int, known: Known, masks: Masks) -> list[Option]:
    """The ways to go on with a line of terms; ``masks`` are the attributes that are not offered."""
    caret = max(0, min(caret, len(line)))
    if len(line) > MOST_CHARACTERS:
        return []
    start, end = token_at(line, caret)
    typed = line[start:caret]
    offered = list(dict.fromkeys(_offered(typed, known, masks)))[:MOST_OPTIONS]
    if [text for text, _ in offered] == [line[start:end]]:
        return []
    options = []
    for text, note in offered:
        before = line[:start] + text + ("" if text[-1] in ":.=" else " ")
        options.append(Option(text, note, before + line[end:].lstrip(), len(before)))
    return options


def _offered(typed: str, known: Known, masks: Masks) -> Iterator[tuple[str, str]]:
    """Terms that may stand for what is typed of one, each with a note."""
    key, colon, value = typed.partition(":")
    if match := _ATTRIBUTE.fullmatch(typed):
        yield from _attributes(match, known, masks)
    elif colon and key in KNOWN:
        before, last = last_value(value)
        for text in _matching(known.values(NAMES[key], last), last):
            yield f"{key}:{before}{spelled(text)}", ""
    elif colon and key == "status":
        before, last = last_value(value)
        for text in _matching(STATUSES, last.lower()):
            yield f"{key}:{before}{text}", _status_note(text)
    elif colon and key in TIMES:
        yield from ((f"{key}:{age}", "") for age in AGES if age.startswith(value))
    else:
        yield from _terms(typed, known)


def _terms(typed: str, known: Known) -> Iterator[tuple[str, str]]:
    """The beginnings of terms; and whole ones, for who types the value at once."""
    sign, word = ("-", typed[1:]) if typed.startswith("-") else ("", typed)
    for term, note in TERMS.items():
        if term.startswith(word.lower()) and (not sign or term in FLAGS):
            yield sign + term, "the opposite" if sign else note
    if sign or ":" in word or len(word) < LEAST_OF_A_NAME:
        return
    for status in STATUSES:
        if status.startswith(word.lower()):
            yield f"status:{status}", _status_note(status)
    for name in known.values("name", word):
        if name.casefold().startswith(word.casefold()):
            yield f"name:{spelled(name)}", ""


def _attributes(match: re.Match[str], known: Known, masks: Masks) -> Iterator[tuple[str, str]]:
    *path, last = match["path"].split(".")
    if any(masks.hides(key) for key in path):
        return
    above = "".join(f"{key}." for key in path)
    if not match["equals"]:
        for key in _matching(known.attribute_keys(path), last):
            if _PLAIN_KEY.fullmatch(key) and not masks.hides(key):
                yield f"attr.{above}{key}=", ""
    elif not masks.hides(last):
        values = filter(None, map(_attribute_value, known.attribute_values([*path, last])))
        for value in _matching(values, match["value"]):
            if masks.text(value) == value:
                yield f"attr.{above}{last}={value}", ""


def _attribute_value(spelled_in_json: str) -> str | None:
    """A value as a term has it; None if none can have it."""
    value = json.loads(spelled_in_json)
    if not isinstance(value, str):
        return spelled_in_json
    if not value or _CONTROL.search(value):
        return None
    try:
        json.loads(value)
    except ValueError:
        return spelled(value)
    return json.dumps(value, ensure_ascii=False)


def _matching(values: Iterable[str], typed: str) -> list[str]:
    """Those that begin with what is typed, and behind them those that hold it."""
    wanted = typed.strip('"').casefold()
    places = [(value, value.casefold().strip('"').find(wanted)) for value in values]
    return [value for value, place in places if place == 0] + [
        value for value, place in places if place > 0
    ]


def _status_note(word: str) -> str:
    status = STATUSES[word]
    return _STATUS_NOTES.get(status, "") if word == status.lower() else status.lower()
