"""What applying a list of schedules changes, told schedule by schedule and field by field."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from client_core import schedule_rows
from client_core.database import Row
from client_core.records import ScheduleChange, ScheduleDifference
from client_core.serialization import Serialization

_FIELDS = (*schedule_rows.DEFINED, "context")


def difference_of(
    found: Sequence[Row], given: Sequence[Mapping[str, Any]], serialization: Serialization
) -> ScheduleDifference:
    """The difference, of what was compared and the columns that were given."""
    wanted = {row["schedule_name"]: row for row in given}
    names = {
        action: tuple(row["name"] for row in found if row["action"] == action)
        for action in ("created", "updated", "unchanged", "deleted")
    }
    changes, parts = [], []
    for row in found:
        after = None
        if row["action"] != "unchanged":
            after = _after(row, wanted.get(row["name"]))
            changes.append(_change(row, after, serialization))
        columns = after and [after[field] for field in _FIELDS]
        parts.append((row["name"], row["action"], row["revision"], columns))
    revision = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return ScheduleDifference(**names, changes=tuple(changes), revision=revision)


def _after(row: Row, given: Mapping[str, Any] | None) -> Row | None:
    """The row as it becomes; None if it is deleted."""
    if given is None:
        return None
    if row["action"] == "created":
        return {**given, "status": "ACTIVE", "last_fired_at": None}
    kept = {"schedule_id": row["schedule_id"], "context": given["context"] or row["context"]}
    owner = row["application_name"] or given["application_name"]
    return {**row, **given, **kept, "application_name": owner, "revision": None}


def _change(row: Row, after: Row | None, serialization: Serialization) -> ScheduleChange:
    is_new = row["action"] == "created"
    return ScheduleChange(
        schedule_name=row["name"],
        action=row["action"],
        before=None if is_new else schedule_rows.record(row, serialization),
        after=None if after is None else schedule_rows.record(after, serialization),
        fields=tuple(
            field for field in _FIELDS if after is None or is_new or row[field] != after[field]
        ),
    )
