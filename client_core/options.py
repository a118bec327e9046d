"""EnqueueOptions: what may be said about a run before it exists, and the rules for it."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from client_core.dialects import Dialect, dialect_rule
from client_core.errors import InvalidOption

#: The column is a 4-byte integer.
MAX_PRIORITY = 2**31 - 1
#: A millisecond count that still fits the 8-byte column when the current time is added.
MAX_MILLISECONDS = 2**62
MAX_DELAY_SECONDS = 100 * 366 * 24 * 60 * 60
#: The primary key's index holds no longer entry.
MAX_WORKFLOW_ID_BYTES = 2_600
#: Deeper than anything is searched for, and far from what recursion carries.
MAX_ATTRIBUTES_DEPTH = 100
#: The columns are varchar(255).
MAX_CLASS_NAME_LENGTH = 255

DuplicationPolicy = Literal["reject", "return-existing"]
WorkflowIDReusePolicy = Literal["return-existing", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueOptions:
    """Options of an enqueue, named as in the DBOS documentation.

    Raises :class:`InvalidOption`, which names every field that breaks a rule.
    """

    workflow_name: str
    queue_name: str
    #: The class of a workflow that is a method.
    workflow_class_name: str | None = None
    #: The configured instance, if the workflow is an instance method.
    workflow_config_name: str | None = None
    #: The run's ID and so its idempotency key; a UUID if left out.
    workflow_id: str | None = None
    #: What to do when a run has the ID already: a handle on it, or an error.
    workflow_id_reuse_policy: WorkflowIDReusePolicy = "return-existing"
    #: The application version to run it; by default the latest when it is dequeued.
    app_version: str | None = None
    #: From dequeue to deadline.
    workflow_timeout_ms: int | None = None
    #: Only one run of a queue may hold a deduplication ID while enqueued or executing.
    deduplication_id: str | None = None
    #: What to do when it is held: an error, or a handle on the run that holds it.
    duplication_policy: DuplicationPolicy = "reject"
    #: 1 … 2,147,483,647, low first; without one it comes before all that have one.
    priority: int | None = None
    #: Required by partitioned queues, refused by others.
    queue_partition_key: str | None = None
    #: It is not dequeued before this many seconds have passed, by the database's clock.
    delay_seconds: float | None = None
    #: Searchable key-value pairs, kept as JSON.
    attributes: Mapping[str, Any] | None = None
    #: On whose behalf it runs; the application sees them, DBOS checks nothing.
    authenticated_user: str | None = None
    authenticated_roles: Sequence[str] | None = None
    #: The application that may run it; by default the client's own.
    application_name: str | None = None
    #: The format of the arguments; by default the client's.
    serialization: str | None = None
    #: The language of the application, where it spells a row in its own way; by default the
    #: client's.
    dialect: Dialect | None = None

    def __post_init__(self) -> None:
        problems = {field: rule for field, rule in self._broken_rules() if rule}
        if problems:
            raise InvalidOption(problems)

    def _broken_rules(self) -> Iterator[tuple[str, str | None]]:
        yield "workflow_name", text_rule(self.workflow_name)
        yield "queue_name", text_rule(self.queue_name)
        yield "duplication_policy", self._duplication_rule()
        if self.workflow_id_reuse_policy not in ("return-existing", "reject"):
            yield "workflow_id_reuse_policy", "must be “return-existing” or “reject”"
        for field, rule in _OPTIONAL.items():
            value = getattr(self, field)
            if value is not None:
                yield field, rule(value)
        if self.queue_partition_key is not None and self.deduplication_id is not None:
            yield "queue_partition_key", "excludes a deduplication ID, and the other way round"

    def _duplication_rule(self) -> str | None:
        if self.duplication_policy not in ("reject", "return-existing"):
            return "must be “reject” or “return-existing”"
        if self.duplication_policy == "return-existing" and self.deduplication_id is None:
            return "“return-existing” needs a deduplication ID"
        return None


def text_rule(value: object, max_length: int | None = None) -> str | None:
    """The rule that a name breaks, or None."""
    if not isinstance(value, str):
        return "must be text"
    if not value.strip():
        return "must not be empty or blank"
    if rule := _storable_rule(value):
        return rule
    if max_length is not None and len(value) > max_length:
        return f"must have at most {max_length} characters"
    return None


def _storable_rule(text: str) -> str | None:
    if "\0" in text:
        return "must not contain a NUL character"
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "must not contain half a character (a lone surrogate)"
    return None


def workflow_id_rule(value: object) -> str | None:
    """The rule that a workflow ID breaks, or None."""
    if rule := text_rule(value):
        return rule
    assert isinstance(value, str)
    if len(value.encode(errors="replace")) > MAX_WORKFLOW_ID_BYTES:
        return f"must have at most {MAX_WORKFLOW_ID_BYTES:,} bytes"
    return None


def _whole_rule(largest: int) -> Callable[[object], str | None]:
    def rule(value: object) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= largest:
            return None
        return f"must be a whole number from 1 to {largest:,}"

    return rule


def delay_rule(value: object) -> str | None:
    """The rule that a delay in seconds breaks, or None."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return "must be a number of seconds"
    if not 0 <= value <= MAX_DELAY_SECONDS:
        return f"must be from 0 to {MAX_DELAY_SECONDS:,} seconds (a hundred years)"
    return None


def _attributes_rule(value: object) -> str | None:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        return "must be an object whose keys are text"
    if rule := _nested_rule(value):
        return rule
    try:
        json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"must be plain JSON: {error}"
    return None


def _nested_rule(value: object) -> str | None:
    """The rule that a part of it breaks, looked for level by level."""
    level = [value]
    for _ in range(MAX_ATTRIBUTES_DEPTH):
        parts: list[object] = []
        for one in level:
            if isinstance(one, str) and (rule := _storable_rule(one)):
                return rule
            if isinstance(one, Mapping):
                parts += [*one, *one.values()]
            elif isinstance(one, list | tuple):
                parts += one
        level = parts
    if any(isinstance(one, Mapping | list | tuple) for one in level):
        return f"must not nest deeper than {MAX_ATTRIBUTES_DEPTH} levels"
    return next(filter(None, map(_storable_rule, (x for x in level if isinstance(x, str)))), None)


def _roles_rule(value: object) -> str | None:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return next(filter(None, map(text_rule, value)), None)
    return "must be a list of texts"


#: The rule that a priority breaks, or None.
priority_rule = _whole_rule(MAX_PRIORITY)
#: The rule that a time-out in milliseconds breaks, or None.
timeout_rule = _whole_rule(MAX_MILLISECONDS)

_OPTIONAL: dict[str, Callable[[object], str | None]] = {
    "workflow_id": workflow_id_rule,
    "app_version": text_rule,
    "deduplication_id": text_rule,
    "queue_partition_key": text_rule,
    "application_name": text_rule,
    "workflow_class_name": partial(text_rule, max_length=MAX_CLASS_NAME_LENGTH),
    "workflow_config_name": partial(text_rule, max_length=MAX_CLASS_NAME_LENGTH),
    "workflow_timeout_ms": timeout_rule,
    "priority": priority_rule,
    "delay_seconds": delay_rule,
    "attributes": _attributes_rule,
    "authenticated_user": text_rule,
    "authenticated_roles": _roles_rule,
    "dialect": dialect_rule,
}
