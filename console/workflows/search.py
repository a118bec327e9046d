"""The search language of the list: one line of terms → the client's filter, and back into words.

``status:error name:checkout attr.customer=42 created:<2h`` or just an ID, or how one begins. A
value with spaces stands in quotes; of values with commas between them any may match.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from client_core import StatusString, WorkflowFilter
from console.masking import NO_MASKS, Masks

#: Term → the client's filter, for those that are names.
NAMES = {
    "id": "workflow_ids",
    "name": "name",
    "queue": "queue_name",
    "user": "user",
    "version": "app_version",
    "app": "application_name",
    "schedule": "schedule_name",
    "executor": "executor_id",
    "parent": "parent_workflow_id",
    "fork-of": "forked_from",
}
#: Term → the filters of its earliest and latest moment.
TIMES = {
    "created": ("start_time", "end_time"),
    "started": ("dequeued_after", "dequeued_before"),
    "completed": ("completed_after", "completed_before"),
}
#: Term → the filter and its value; with “-” before it, the opposite.
FLAGS = {
    "has:parent": "has_parent",
    "is:fork": "is_fork",
    "is:forked": "was_forked_from",
    "is:queued": "queues_only",
}
KEYS = {*NAMES, *TIMES, "status", "has", "is"}
STATUSES = {
    **{status.value.lower(): status.value for status in StatusString},
    "running": StatusString.PENDING.value,
    "failed": StatusString.ERROR.value,
    "gave-up": StatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value,
}

_TOKEN = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*"?)+')
_PART = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_TERM = re.compile(r"(?P<key>-?[a-z-]+):(?P<value>.*)", re.DOTALL)
_ATTRIBUTE = re.compile(r"attr\.(?P<path>[^=]+)=(?P<value>.*)", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"?')
_AGE = re.compile(r"(?P<sign>[<>])(?P<count>\d{1,6})(?P<unit>min|[smhdw])")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_TIME_RULE = (
    "a time is <2h, >3d, a day such as 2026-11-20, a time such as 2026-11-20T08:30, "
    "or two of them with “..” between"
)
_HIDDEN_RULE = (
    "this is hidden, so only people who may reveal payloads can search for it: what is found would "
    "tell others whether they guessed right"
)
_SPECIAL = re.compile(r'[\s",]')
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Wrong(Exception):
    """A term means nothing; the message says why."""


@dataclass(slots=True)
class Search:
    """What a line of terms means."""

    text: str
    filters: WorkflowFilter = field(default_factory=WorkflowFilter)
    #: The terms as they stand in the line.
    terms: list[str] = field(default_factory=list)
    #: What is wrong with it, a sentence a term; then nothing may be listed.
    problems: list[str] = field(default_factory=list)

    def without(self, term: str) -> str:
        """The line without one of its terms."""
        return " ".join(other for other in self.terms if other != term)

    def fields(self, keys: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        """The values of these keys as they were typed, and the terms that have none of them."""
        typed: dict[str, str] = {}
        others: list[str] = []
        for one in self.terms:
            key, _, value = one.partition(":")
            if key in keys and key not in typed:
                typed[key] = value
            else:
                others.append(one)
        return typed, others

    @property
    def pasted(self) -> str | None:
        """The ID, or its beginning, if the line is nothing else."""
        return self.filters.get("workflow_id_prefix") if len(self.terms) == 1 else None


def parse(
    text: str, *, zone: tzinfo = UTC, now: datetime | None = None, masks: Masks = NO_MASKS
) -> Search:
    """Read a line. Days and times of day are of ``zone``.

    What ``masks`` hide is not searched for: whether something is found would tell it.
    """
    search = Search(text.strip())
    reader = _Reader(search.filters, zone, now or datetime.now(UTC), masks)
    tokens = _TOKEN.findall(search.text)
    if len(tokens) > 1 and not any(map(reader.knows, tokens)):
        tokens = [search.text]  # An ID with spaces.
    for token in tokens:
        search.terms.append(token)
        try:
            reader.read(token)
        except Wrong as error:
            search.problems.append(f"{token}: {error}")
    return search


def token_at(line: str, caret: int) -> tuple[int, int]:
    """Where the term begins and ends that the caret stands in, or that would begin there."""
    for match in _TOKEN.finditer(line):
        if match.start() <= caret <= match.end():
            return match.span()
    return caret, caret


def last_value(text: str) -> tuple[str, str]:
    """What stands before the last of the values of a term, and that one, without quotes."""
    parts = [match.span() for match in _PART.finditer(text)]
    start, end = parts[-1] if parts else (0, 0)
    start = start if end == len(text) else len(text)
    return text[:start], _unquoted(text[start:])


def spelled(value: str) -> str:
    """A value as a term has it: in quotes where that matters."""
    return _quoted(value) if _SPECIAL.search(value) else value


def typed_term(key: str, value: str) -> str:
    """A term of what was typed beside its key; spaces without quotes get quotes."""
    return f"{key}:{value if _TOKEN.fullmatch(value) else _quoted(value)}"


def exact_term(key: str, value: str) -> str:
    """A term that finds exactly this value."""
    return f"{key}:{spelled(value)}"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


class _Reader:
    """Reads term after term into one filter."""

    def __init__(self, filters: WorkflowFilter, zone: tzinfo, now: datetime, masks: Masks) -> None:
        self._filters: dict[str, Any] = filters  # type: ignore[assignment]
        self._zone = zone
        self._now = now
        self._masks = masks

    def knows(self, token: str) -> bool:
        """Whether it is a term, or looks like one that was meant to be."""
        key = token.partition(":")[0].lstrip("-")
        return bool(_ATTRIBUTE.fullmatch(token)) or (":" in token and key in KEYS)

    def read(self, token: str) -> None:
        """Add what a token asks for; raises :class:`Wrong`."""
        if match := _ATTRIBUTE.fullmatch(token):
            self._attribute(match["path"], match["value"])
        elif token.lstrip("-") in FLAGS:
            self._set(FLAGS[token.lstrip("-")], not token.startswith("-"))
        elif (match := _TERM.fullmatch(token)) and self._reader(match["key"]):
            self._reader(match["key"])(match["key"], match["value"])  # type: ignore[misc]
        elif match and re.fullmatch("-?(has|is)", match["key"]):
            raise Wrong(f"there are {', '.join(FLAGS)}")
        else:
            self._set("workflow_id_prefix", _unquoted(token))

    def _reader(self, key: str) -> Callable[[str, str], None] | None:
        if key in NAMES:
            return self._names
        if key in TIMES:
            return self._time
        return self._status if key == "status" else None

    def _set(self, name: str, value: Any) -> None:
        if name in self._filters:
            raise Wrong("this is said twice; of several values use commas")
        self._filters[name] = value

    def _names(self, key: str, text: str) -> None:
        self._set(NAMES[key], list(_values(text)))

    def _status(self, key: str, text: str) -> None:
        statuses = [STATUSES.get(value.lower(), value.upper()) for value in _values(text)]
        if unknown := [s for s in statuses if s not in STATUSES.values()]:
            raise Wrong(f"{unknown[0].lower()} is no status; there are {', '.join(STATUSES)}")
        self._set("status", statuses)

    def _attribute(self, path: str, text: str) -> None:
        value: Any = _unquoted(text)
        if not text.startswith('"'):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = text  # Plain text needs no quotes.
        for key in reversed(path.split(".")):
            value = {key: value}
        if self._masks.hide_in(value):
            raise Wrong(_HIDDEN_RULE)
        _merge(self._filters.setdefault("attributes", {}), value)

    def _time(self, key: str, text: str) -> None:
        after, before = TIMES[key]
        earliest, latest = self._span(text)
        if earliest:
            self._set(after, earliest)
        if latest:
            self._set(before, latest)

    def _span(self, text: str) -> tuple[datetime | None, datetime | None]:
        """The earliest and the latest moment; ``>2h`` is more than two hours ago."""
        if match := _AGE.fullmatch(text):
            ago = self._now - timedelta(seconds=int(match["count"]) * _UNITS[match["unit"]])
            return (ago, None) if match["sign"] == "<" else (None, ago)
        if text[:1] in ("<", ">"):
            first, last = self._moment(text[1:])
            return (None, first) if text[0] == "<" else (last, None)
        start, dots, end = text.partition("..")
        if dots and not start and not end:
            raise Wrong(_TIME_RULE)
        # “2026-11-20..21” leaves out what the second has in common with the first.
        if dots and start and end and len(end) < len(start):
            end = start[: len(start) - len(end)] + end
        earliest = self._moment(start)[0] if start or not dots else None
        return earliest, self._moment(end or start)[1] if end or not dots else None

    def _moment(self, text: str) -> tuple[datetime, datetime]:
        """The first and the last moment of a day, or twice the same of a time."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Wrong(_TIME_RULE) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
        if not _DAY.fullmatch(text):
            return moment, moment
        return moment, moment + timedelta(days=1) - timedelta(milliseconds=1)


def _values(text: str) -> Iterator[str]:
    """The values between the commas that stand in no quotes."""
    found = [_unquoted(part) for part in _PART.findall(text)]
    if not found or not all(found):
        raise Wrong("a value is missing")
    yield from found


def _unquoted(text: str) -> str:
    return _QUOTED.sub(lambda match: re.sub(r"\\(.)", r"\1", match[1]), text)


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            _merge(into[key], value)
        elif key in into:
            raise Wrong("this attribute is asked for twice")
        else:
            into[key] = value
