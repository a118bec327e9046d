"""Sets of schedules as files: the JSON that export writes and apply reads.

What is hidden stands in it as dots, and what JSON cannot say as the key `context_kept`: applied,
both stay what they are in the database.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from client_core import KEPT, ExportedSchedule, WorkflowSchedule
from console.fields import read_json
from console.masking import DOTS
from console.workflows.likeness import holds_dots, masked, plain, restored

#: A page has a budget, and so has a person who reads what changes.
MOST_SCHEDULES = 1_000
MOST_BYTES = 2 * 2**20
#: So many problems are told at once.
MOST_PROBLEMS = 100
#: Stands for a context that is not in the file, and tells why.
KEPT_KEY = "context_kept"
_KNOWN = ("schedules", "application_name")


class WrongSet(Exception):
    """A file that is no set of schedules; ``problems`` says where and why."""

    def __init__(self, problems: list[str]) -> None:
        left = len(problems) - MOST_PROBLEMS
        more = [f"And {left:,} more."] if left > 0 else []
        self.problems = [*problems[:MOST_PROBLEMS], *more]
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class ScheduleSet:
    """What a file holds."""

    schedules: list[dict[str, Any]] = field(default_factory=list)
    #: The application of those that name none.
    application_name: str = ""

    def owner(self, stated: str) -> str | None:
        """The application of those that name none. Raises :class:`WrongSet` where two are said."""
        if stated and self.application_name and stated != self.application_name:
            raise WrongSet([f"The set is of the application {self.application_name}."])
        return stated or self.application_name or None


def written(exported: Iterable[ExportedSchedule], application_name: str = "") -> str:
    """Schedules as a file holds them; those of one application leave its name to the file."""
    schedules = []
    for one in exported:
        entry = dict(one.definition)
        if application_name:
            entry.pop("application_name", None)
        if one.gap:
            del entry["context"]
            entry[KEPT_KEY] = one.gap
        elif "context" in entry:
            entry["context"] = masked(plain(entry["context"]))
        schedules.append(entry)
    whole = {"application_name": application_name} if application_name else {}
    return json.dumps({**whole, "schedules": schedules}, ensure_ascii=False, indent=2) + "\n"


def read(text: str) -> ScheduleSet:
    """The set that a file holds. Raises :class:`WrongSet`."""
    if (size := len(text.encode(errors="replace"))) > MOST_BYTES:
        raise WrongSet([f"It must have at most {MOST_BYTES:,} bytes, and has {size:,}."])
    try:
        found = read_json(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise WrongSet([str(error)]) from error
    match found:
        case list():
            found = {"schedules": found}
        case dict():
            pass
        case _:
            raise WrongSet(['It must be an object such as {"schedules": […]}.'])
    problems = [f"{name}: is not known of a set of schedules." for name in found.keys() - {*_KNOWN}]
    schedules, owner = found.get("schedules"), found.get("application_name") or ""
    if not isinstance(owner, str):
        problems.append("application_name: must be text.")
    if not isinstance(schedules, list):
        raise WrongSet([*problems, "schedules: must be an array of objects."])
    if len(schedules) > MOST_SCHEDULES:
        rule = f"schedules: must be at most {MOST_SCHEDULES:,}, and are {len(schedules):,}."
        raise WrongSet([*problems, rule])
    entries = [_entry(number, one, problems) for number, one in enumerate(schedules)]
    if problems:
        raise WrongSet(problems)
    return ScheduleSet(entries, owner)


def _entry(number: int, given: Any, problems: list[str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        problems.append(f"schedules[{number}]: must be an object.")
        return {}
    entry = dict(given)
    if KEPT_KEY in entry:
        if "context" in entry:
            problems.append(f"schedules[{number}].{KEPT_KEY}: excludes a context.")
        del entry[KEPT_KEY]
        entry["context"] = KEPT
    return entry


def with_secrets(schedules: list[dict[str, Any]], there: Iterable[WorkflowSchedule]) -> None:
    """Put what the schedules have where dots stand for it. Raises :class:`WrongSet`."""
    known = {schedule.schedule_name: schedule for schedule in there}
    problems = []
    for number, entry in enumerate(schedules):
        if entry.get("context") is not KEPT and holds_dots(entry.get("context")):
            name = entry.get("schedule_name")
            found = known.get(name) if isinstance(name, str) else None
            try:
                entry["context"] = restored(entry["context"], plain(found and found.context))
            except (LookupError, RecursionError, ValueError):
                rule = (
                    f"{DOTS} stands for something hidden that is not in the database: say it whole"
                )
                problems.append(f"schedules[{number}].context: {rule}.")
    if problems:
        raise WrongSet(problems)


def with_paths(problems: Mapping[str, str]) -> list[str]:
    """What the client says of a list, with the place in the file."""
    told = []
    for name, rule in problems.items():
        number, _, about = name.partition(".")
        place = f"schedules[{number}].{about}" if about else name
        told.append(f"{place}: {rule.rstrip('.')}.")
    return told
