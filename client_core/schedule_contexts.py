"""Schedules as lists outside the database hold them: exactly, or with a gap that is told."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from client_core import schedule_rows
from client_core.database import Row
from client_core.dialects import Dialect, dialect_of
from client_core.records import ExportedSchedule, WorkflowSchedule
from client_core.schedule_rows import KEPT
from client_core.schedules import Schedules
from client_core.serialization import UNDEFINED, RawValue, Serialization, SerializationError


class ScheduleContexts(Schedules):
    """The part of the client that writes schedules down for a list."""

    def export_schedules(
        self,
        *,
        names: Sequence[str] | None = None,
        application_name: str | Sequence[str] | None = None,
    ) -> list[ExportedSchedule]:
        """Schedules by name, as :meth:`apply_schedules` takes them; of all applications or of some.

        A list of all of them, applied where they come from, changes nothing.
        """
        owners = [application_name] if isinstance(application_name, str) else application_name
        rows = self._read_schedules(names=names)
        return [
            _exported(row, self._serialization)
            for row in rows
            if owners is None or row["application_name"] in owners
        ]


def same_text(row: Row | None, context: Any, dialect: Dialect, text: str) -> str:
    """The text of a context to write: that of the row, where it says the same in the same format.

    The SDKs spell in several ways what is the same value.
    """
    stored = row and row["context"]
    if row is None or not stored or dialect_of(stored) != dialect or dialect_of(text) != dialect:
        return text
    had = schedule_rows.record(row, _PLAIN)
    if context is UNDEFINED:
        return str(stored) if had.context is UNDEFINED else text
    try:
        wanted, found = exact_json(context), _context_json(had, stored, _PLAIN)
    except ValueError:
        return text
    return str(stored) if wanted == found else text


_PLAIN = Serialization()


def _exported(row: Row, serialization: Serialization) -> ExportedSchedule:
    schedule = schedule_rows.record(row, serialization)
    definition: dict[str, Any] = {
        name: value
        for name in schedule_rows.DEFINED
        if (value := getattr(schedule, name)) not in (None, "", False)
    }
    gap = ""
    if schedule.context is not _absent(schedule, serialization):
        try:
            _context_json(schedule, row["context"], serialization)
            definition["context"] = schedule.context
        except ValueError as error:
            definition["context"], gap = KEPT, str(error)
    return ExportedSchedule(definition, gap, schedule.status == "PAUSED")


def _absent(schedule: WorkflowSchedule, serialization: Serialization) -> Any:
    """What a context is that nobody gave."""
    return schedule_rows.no_context(schedule.dialect or "python", serialization)


def _context_json(schedule: WorkflowSchedule, text: str, serialization: Serialization) -> str:
    """The context as JSON; ValueError says why it has none that comes back as the same value."""
    if isinstance(schedule.context, RawValue):
        raise ValueError(schedule.context.reason)
    found = exact_json(schedule.context)
    # Some of its numbers and dates look in JSON as others do.
    if schedule.dialect == "typescript" and serialization.custom is None:
        try:
            again = schedule_rows.encode_context(json.loads(found), "typescript", serialization)
            is_same = json.loads(again) == json.loads(text)
        except SerializationError:
            is_same = False
        if not is_same:
            raise ValueError("JSON cannot say it as the application wrote it.")
    return found


def exact_json(value: Any) -> str:
    """A value as JSON from which the same value is read; ValueError says why there is none."""
    _assert_exact(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _assert_exact(value: Any) -> None:
    if value is None or type(value) in (bool, int, str):
        return
    if type(value) is float and math.isfinite(value):
        return
    if type(value) is list:
        for item in value:
            _assert_exact(item)
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if type(key) is not str:
                raise ValueError("It holds keys that are no text, which JSON does not have.")
            _assert_exact(item)
        return
    kind = "undefined" if value is UNDEFINED else type(value).__name__
    raise ValueError(f"It holds a value that JSON does not have: {kind}.")
