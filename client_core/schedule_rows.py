"""Rows of workflow_schedules: the rules for them, how they are written and how they are read."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, Final, LiteralString, NotRequired, Required, TypedDict, cast

from client_core.cron import InvalidCronExpression, validate_cron
from client_core.cron.times import CronDialect
from client_core.cron.zones import zone_of
from client_core.database import Database, Row
from client_core.dialects import DEFAULT_FORMATS, Dialect, dialect_of
from client_core.errors import InvalidOption
from client_core.options import text_rule
from client_core.records import WorkflowSchedule
from client_core.serialization import UNDEFINED, RawValue, Serialization
from client_core.serialization.unnamed import own_format

#: Columns of a schedule as they are read. A context that is larger than asked for is not fetched;
#: the revision tells it all the same.
COLUMNS: LiteralString = """schedule_id, schedule_name, workflow_name, workflow_class_name,
    schedule, status, CASE WHEN octet_length(context) <= %(max_bytes)s THEN context END AS context,
    octet_length(context) AS context_bytes, last_fired_at, automatic_backfill, cron_timezone,
    queue_name, application_name, xmin::text AS row_version,
    encode(sha256(convert_to((schedule_id, workflow_name, workflow_class_name, schedule, context,
        automatic_backfill, cron_timezone, queue_name, application_name)::text, 'UTF8')), 'hex')
        AS revision"""

READ: LiteralString = f"""
SELECT {COLUMNS} FROM {{schema}}.workflow_schedules
WHERE (%(names)s::text[] IS NULL OR schedule_name = ANY(%(names)s))
  AND (%(application_names)s::text[] IS NULL OR application_name IS NULL
       OR application_name = ANY(%(application_names)s))
  AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
  AND (%(workflow_names)s::text[] IS NULL OR workflow_name = ANY(%(workflow_names)s))
  AND (%(prefixes)s::text[] IS NULL OR EXISTS (
       SELECT FROM unnest(%(prefixes)s::text[]) prefix WHERE starts_with(schedule_name, prefix)))
ORDER BY schedule_name"""  # noqa: S608  # texts of ours alone

#: What :data:`READ` is not narrowed by.
ANY: Mapping[str, None] = {
    "names": None,
    "application_names": None,
    "statuses": None,
    "workflow_names": None,
    "prefixes": None,
}


class ScheduleChanges(TypedDict, total=False):
    """What may be changed of a schedule; see :class:`WorkflowSchedule`."""

    workflow_name: str
    workflow_class_name: str | None
    schedule: str
    context: Any
    automatic_backfill: bool
    cron_timezone: str | None
    queue_name: str | None


class ScheduleDefinition(TypedDict):
    """A schedule as it is asked for; see :class:`WorkflowSchedule`."""

    schedule_name: Required[str]
    workflow_name: Required[str]
    schedule: Required[str]
    workflow_class_name: NotRequired[str | None]
    context: NotRequired[Any]
    automatic_backfill: NotRequired[bool]
    cron_timezone: NotRequired[str | None]
    queue_name: NotRequired[str | None]
    application_name: NotRequired[str | None]


_REQUIRED = ("schedule_name", "workflow_name", "schedule")
_OPTIONAL = ("workflow_class_name", "cron_timezone", "queue_name", "application_name")
_BROUGHT_LATER = ("automatic_backfill", "cron_timezone", "queue_name", "application_name")
_AS_STORED = {field.name for field in fields(WorkflowSchedule)} - {"context", "dialect"}
_NOT_LOADED = RawValue("", None, "It was not asked for.")
_KNOWN = {*_REQUIRED, *_OPTIONAL, "context", "automatic_backfill"}
#: What there is to say about a schedule, besides its context, in the order in which it is said.
DEFINED = (
    "schedule_name",
    "workflow_name",
    "workflow_class_name",
    "schedule",
    "cron_timezone",
    "queue_name",
    "automatic_backfill",
    "application_name",
)


def check(given: Mapping[str, Any], *, complete: bool) -> None:
    """Raise :class:`InvalidOption` for every field that breaks a rule in any language.

    ``complete`` says that all required fields must be there.
    """
    if problems := {field: rule for field, rule in _broken_rules(given, complete) if rule}:
        raise InvalidOption(problems)


def _broken_rules(given: Mapping[str, Any], complete: bool) -> Iterator[tuple[str, str | None]]:
    for field in given.keys() - _KNOWN:
        yield field, "is not known of a schedule"
    for field in _REQUIRED:
        if complete or field in given:
            yield field, text_rule(given[field]) if field in given else "is missing"
    for field in _OPTIONAL:
        # No class at all is the empty text to TypeScript.
        if (value := given.get(field)) is not None and (field, value) != (
            "workflow_class_name",
            "",
        ):
            yield field, text_rule(value)
    if not isinstance(given.get("automatic_backfill", False), bool):
        yield "automatic_backfill", "must be true or false"


class Kept(Enum):
    """The type of `KEPT`."""

    KEPT = "kept"

    def __repr__(self) -> str:
        return "KEPT"


#: As a context in a list to be applied: the one that the schedule has.
KEPT: Final = Kept.KEPT


def check_supported(given: Mapping[str, Any], database: Database) -> None:
    """Raise :class:`UnsupportedBySchema` for what older databases have no column for."""
    database.assert_supported(
        "workflow_schedules",
        **{field: given[field] for field in _BROUGHT_LATER if field in given},
    )


def check_times(schedule: str, cron_timezone: str | None, dialect: Dialect) -> None:
    """Raise :class:`InvalidCronExpression` or :class:`InvalidOption` as the language would."""
    _check_cron(schedule, dialect)
    _check_zone(cron_timezone, dialect)


def problems_of(definition: Mapping[str, Any], dialect: Dialect | None) -> dict[str, str]:
    """Every field of a new schedule that breaks a rule, and the rule.

    Without a language its expression and its zone are not looked at.
    """
    found = {field: rule for field, rule in _broken_rules(definition, complete=True) if rule}
    if dialect is not None:
        for field, check_one in (("schedule", _check_cron), ("cron_timezone", _check_zone)):
            if field not in found and field in definition:
                try:
                    check_one(definition[field], dialect)
                except InvalidCronExpression as error:
                    found[field] = f"is refused: {error.reason}"
                except InvalidOption as error:
                    found |= error.problems
    return found


def _check_cron(schedule: str, dialect: Dialect) -> None:
    validate_cron(schedule, dialect=cast(CronDialect, dialect))


def _check_zone(cron_timezone: str | None, dialect: Dialect) -> None:
    try:
        zone_of(cron_timezone, dialect=dialect)
    except InvalidOption as error:
        raise InvalidOption({"cron_timezone": error.problems["timezone"]}) from error


def class_name_of(name: str | None, dialect: Dialect) -> str | None:
    """No class at all is NULL to Python and the empty text to TypeScript."""
    return name or ("" if dialect == "typescript" else None)


def no_context(dialect: Dialect, serialization: Serialization) -> Any:
    """What a workflow gets for a context that was not given; a custom serializer knows None."""
    return UNDEFINED if dialect == "typescript" and serialization.custom is None else None


def encode_context(context: Any, dialect: Dialect, serialization: Serialization) -> str:
    """A context in the application's own format, which its row does not name.

    Never in `portable_json`: that ends the scheduler of a Python application. A client that has
    the application's custom serializer uses it. Raises :class:`SerializationError`.
    """
    name = serialization.custom or DEFAULT_FORMATS[dialect]
    return serialization.encode_value(context, name)[0]


def decode_context(row: Row, serialization: Serialization) -> Any:
    """The context of a row; a :class:`RawValue` where its text does not tell its format."""
    text = row["context"]
    if text is None:
        return RawValue("", None, f"Not fetched: it has {row['context_bytes']:,} bytes.")
    if own_format(text) is None and serialization.custom is None:
        return RawValue(text, None, "The text does not tell its format.")
    return serialization.decode_value(text, None)


def record(
    row: Row, serialization: Serialization, *, load_context: bool = True
) -> WorkflowSchedule:
    """The schedule of a row of :data:`READ`."""
    stored: dict[str, Any] = {name: row.get(name) for name in _AS_STORED}
    return WorkflowSchedule(
        **stored,
        context=decode_context(row, serialization) if load_context else _NOT_LOADED,
        dialect=dialect_of(row["context"]),
    )
