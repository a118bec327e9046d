"""Where the audit log and the pages of the console lead to each other."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from console.audit.models import AuditEntry
from console.audit.search import Entries, on
from console.models import Operation, OperationRun
from console.permissions import Action
from console.systems import System, all_systems

#: The actions whose target is a resource of this kind: the name of its page's address too.
KINDS: dict[str, tuple[Action, ...]] = {
    "workflow": (
        Action.WORKFLOW_ENQUEUE,
        Action.WORKFLOW_SEND,
        Action.WORKFLOW_CANCEL,
        Action.WORKFLOW_RESUME,
        Action.WORKFLOW_FORK,
        Action.WORKFLOW_DELAY,
        Action.WORKFLOW_PRIORITY,
        Action.WORKFLOW_DELETE,
        Action.PAYLOAD_REVEAL,
    ),
    "schedule": (
        Action.SCHEDULE_EDIT,
        Action.SCHEDULE_TRIGGER,
        Action.SCHEDULE_BACKFILL,
        Action.SCHEDULE_DELETE,
    ),
    "queue": (Action.QUEUE_EDIT, Action.QUEUE_DELETE),
}
#: Of so many sets of schedules that were applied it is looked whether they named one.
SETS_LOOKED_AT = 200
#: Of so many fields a line tells.
MOST_PAIRS = 3
_OPERATION = "operation "


def address_of(entry: AuditEntry) -> str:
    """The page of what an entry is about; empty where there is none."""
    if entry.system not in all_systems() or not entry.target:
        return ""
    if entry.target.startswith(_OPERATION):
        return _reversed("operation", entry.system, entry.target.removeprefix(_OPERATION))
    kind = next((kind for kind, actions in KINDS.items() if entry.action in actions), "")
    return _reversed(kind, entry.system, entry.target) if kind else ""


def _reversed(name: str, system: str, target: str) -> str:
    try:
        found = UUID(target) if name == "operation" else target
        return reverse(name, args=[all_systems()[system], found])
    except (NoReverseMatch, ValueError):
        return ""


def in_brief(entry: AuditEntry) -> str:
    """What was done in particular: what changed, or else how it was asked for."""
    if entry.changed == {}:
        return "nothing changed"
    pairs = [
        f"{'' if name == entry.target else f'{name}: '}{_short(pair[0])} → {_short(pair[1])}"
        for name, pair in (entry.changed or {}).items()
        if isinstance(pair, list) and len(pair) == 2
    ]
    asked = [name for name, value in entry.parameters.items() if value is True]
    more = f" and {len(pairs) - MOST_PAIRS} more" if len(pairs) > MOST_PAIRS else ""
    return ", ".join([*asked, *pairs[:MOST_PAIRS]]) + more


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def history(system: System, kind: str, target: str, most: int) -> list[AuditEntry]:
    """What people did to a resource, the newest first; also as one of many."""
    here: Entries = AuditEntry.objects.filter(system=system.name)
    own = on(here.filter(action__in=KINDS[kind]), target)
    ids = set(own.order_by("-pk").values_list("pk", flat=True)[:most])
    if kind == "workflow":
        ids |= set(_operations_on(system, target, most))
    elif kind == "schedule":
        ids |= set(_sets_that_name(here, target, most))
    return list(AuditEntry.objects.filter(pk__in=ids).order_by("-pk")[:most])


def _operations_on(system: System, workflow_id: str, most: int) -> Any:
    """The entries of operations that had the run in their plan and came to it."""
    runs = OperationRun.objects.filter(workflow_id=workflow_id).exclude(outcome=None)
    acted = runs.exclude(outcome=OperationRun.Outcome.SKIPPED).values("operation")
    found = Operation.objects.filter(pk__in=acted, system=system.name, entry__isnull=False)
    return found.order_by("-entry").values_list("entry", flat=True)[:most]


def _sets_that_name(here: Entries, name: str, most: int) -> Any:
    """The entries of sets that created, changed or deleted a schedule."""
    sets = here.filter(action=Action.SCHEDULE_APPLY).order_by("-pk").values("pk")
    named = (
        Q(parameters__created__contains=[name])
        | Q(parameters__updated__has_key=name)
        | Q(parameters__deleted__contains=[name])
    )
    found = AuditEntry.objects.filter(named, pk__in=sets[:SETS_LOOKED_AT])
    return found.values_list("pk", flat=True)[:most]
