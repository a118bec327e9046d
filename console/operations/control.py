"""What people do to operations: plan, start, pause, stop; each checked and audited.

What is done to the runs themselves stands in :mod:`console.actions`.
"""

import json
import uuid
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from console.audit.acts import audited, complete
from console.audit.rows import begin
from console.models import AuditEntry, Operation
from console.operations import chunks, plans
from console.outcomes import Outcome
from console.permissions import Action, Refused, record_refusal, why_not
from console.systems import System


def note_export(user: User, system: System, target: str, parameters: dict[str, Any]) -> None:
    """Keep that somebody takes a list away as a file."""
    with audited(user, system, Action.WORKFLOW_EXPORT, target, parameters):
        pass


def plan_operation(user: User, system: System, operation: Operation) -> Operation:
    """Begin to write down what an operation would act on; the same one twice is one.

    Its first runs are written down at once, and the rest by a runner.
    """
    _assert_may_operate(user, system, operation)
    operation.user, operation.username, operation.system = user, user.get_username(), system.name
    operation.due_at = timezone.now() + chunks.lease()
    found, is_new = Operation.objects.get_or_create(
        {field.attname: getattr(operation, field.attname) for field in Operation._meta.fields},
        pk=operation.pk,
    )
    if is_new:
        plans.plan_first(found, system)
    elif _asks(found) != _asks(operation):
        # The form was changed before it was sent again.
        operation.pk = uuid.uuid5(found.pk, json.dumps(_asks(operation)))
        return plan_operation(user, system, operation)
    return found


def _asks(operation: Operation) -> list[Any]:
    """What is asked for, which is the same when the same form is sent again."""
    which = operation.search or operation.filters.get("workflow_ids")
    return [operation.action, operation.parameters, which, operation.reason]


def start_operation(user: User, system: System, operation: Operation, reason: str) -> Outcome:
    """Let a planned operation be carried out; its audit entry stays open until it ends."""
    action = _assert_may_operate(user, system, operation)
    with transaction.atomic():
        planned = Operation.objects.filter(pk=operation.pk, state=Operation.State.PLANNED)
        # Who starts it is who acts, whoever planned it.
        person = {"user": user, "username": user.get_username(), "reason": reason}
        running = {"state": Operation.State.RUNNING, "started_at": Now(), "due_at": Now()}
        if not planned.update(**running, **person):
            return Outcome("warning", "It was started or given up already; nothing was changed.")
        entry = begin(
            user=user,
            system=system.name,
            action=action,
            target=f"operation {operation.pk}",
            parameters={
                **operation.parameters,
                "search": operation.search,
                "filters": operation.filters,
                "runs": chunks.to_act(operation),
                **({"below": operation.below} if operation.below else {}),
            },
            reason=reason,
        )
        Operation.objects.filter(pk=operation.pk).update(entry=entry)
    chunks.wake.set()
    return Outcome("success", "It runs. This page may be closed: it goes on by itself.")


#: What a person may do to an operation: from which states to which, and what to say.
STEPS = {
    "pause": ({"running": "paused"}, "It pauses after the runs that are under way."),
    "go-on": ({"paused": "running"}, "It goes on."),
    "stop": (
        {"running": "stopping", "paused": "stopping", "planning": "stopped", "planned": "stopped"},
        "It stops after the runs that are under way; what is done stays done.",
    ),
}


def steer_operation(user: User, system: System, operation: Operation, step: str) -> Outcome:
    """Pause an operation, let it go on, or stop it."""
    _assert_may_operate(user, system, operation)
    states, text = STEPS[step]
    target = f"operation {operation.pk}"
    with audited(user, system, Action.WORKFLOW_BULK, target, {"step": step}) as entry:
        changed = sum(
            Operation.objects.filter(pk=operation.pk, state=before).update(
                state=after, due_at=Now(), **({"ended_at": Now()} if after == "stopped" else {})
            )
            for before, after in states.items()
        )
        entry.detail = "" if changed else "nothing was changed"
    if not changed:
        operation.refresh_from_db(fields=["state"])
        return Outcome("warning", f"It is {operation.state} by now; nothing was changed.")
    chunks.wake.set()
    return Outcome("success", text)


def end_operation(operation: Operation, state: Operation.State, note: str = "") -> None:
    """Close an operation and its audit entry, with what became of its runs."""
    with transaction.atomic():
        chunks.end(operation, state, note)
        counts = ", ".join(f"{count:,} {name}" for name, count in operation.outcomes.items())
        if operation.entry:
            failed = state == Operation.State.FAILED
            outcome = AuditEntry.Outcome.FAILED if failed else AuditEntry.Outcome.DONE
            left = operation.total - operation.done_to
            untouched = f"{left:,} not touched" if left else ""
            detail = "; ".join(filter(None, (state, counts, untouched, note)))
            complete(operation.entry, outcome, detail, {"runs": operation.outcomes})


def _assert_may_operate(user: User, system: System, operation: Operation) -> Action:
    action = Action(operation.action)
    if reason := why_not(user, action, system):
        record_refusal(user, action, f"operation {operation.pk}", system.name)
        raise Refused(action, reason)
    return action
