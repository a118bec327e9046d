"""What somebody wants of a set of schedules, and what that changes in brief."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from client_core import Dialect, ScheduleDefinition, ScheduleDifference


@dataclass(frozen=True, slots=True)
class Applied:
    """A set of schedules that somebody wants to be what is there."""

    schedules: Sequence[ScheduleDefinition]
    #: Of those that name none, and of what is pruned.
    application_name: str | None
    prune: bool
    dialect: Dialect | None

    @property
    def arguments(self) -> dict[str, Any]:
        """What the client takes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def target(self) -> str:
        """What an audit entry says that it is about."""
        return self.application_name or "schedules"


def in_brief(difference: ScheduleDifference) -> dict[str, Any]:
    """What an audit entry keeps of a difference: names, and which fields; no context."""
    changed = {
        one.schedule_name: list(one.fields) for one in difference.changes if one.action == "updated"
    }
    kept = {"created": [*difference.created], "updated": changed, "deleted": [*difference.deleted]}
    return {name: found for name, found in kept.items() if found}


def told(difference: ScheduleDifference) -> str:
    """A difference in a sentence."""
    counts = (
        (difference.created, "created"),
        (difference.updated, "changed"),
        (difference.deleted, "deleted"),
        (difference.unchanged, "left as they were"),
    )
    return ", ".join(f"{len(names):,} {verb}" for names, verb in counts if names) + "."
