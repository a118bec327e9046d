"""Every write: authorise → audit → client_core → audit → what to tell the person.

Nothing else in the console calls a writing method of the client, so neither the permission nor the
audit entry can be forgotten; a test holds this.
"""

import dataclasses
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from client_core import (
    DBOSClientError,
    EnqueueOptions,
    NonExistentWorkflow,
    OutcomeUnknown,
    PayloadPlace,
    PayloadText,
    StatusString,
    SystemDatabaseError,
    Transition,
    WorkflowHandle,
)
from console import operations
from console.http import Level
from console.models import AuditEntry, Operation, OperationRun, SavedView
from console.operations import Acted
from console.permissions import Action, can, record_refusal
from console.systems import System

logger = logging.getLogger("console")


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a write, in a sentence for the person who asked for it."""

    level: Level
    text: str


def enqueue(
    user: User, system: System, options: EnqueueOptions, args: list[Any], kwargs: dict[str, Any]
) -> tuple[WorkflowHandle, Outcome]:
    """Start a workflow. Raises what :meth:`DBOSClient.enqueue` raises."""
    parameters = {key: value for key, value in dataclasses.asdict(options).items() if value}
    target = options.workflow_id or ""
    with _audited(user, system, Action.WORKFLOW_ENQUEUE, target, parameters):
        handle = system.client.enqueue(options, *args, **kwargs)
    if handle.is_new:
        return handle, Outcome("success", f"Enqueued on {options.queue_name}.")
    return handle, Outcome("warning", "This run existed already; nothing new was started.")


def send(
    user: User,
    system: System,
    destination_id: str,
    message: Any,
    *,
    topic: str | None,
    idempotency_key: str,
    serialization: str | None,
) -> Outcome:
    """Send a message. Raises what :meth:`DBOSClient.send` raises."""
    parameters = {"topic": topic, "idempotency_key": idempotency_key}
    with _audited(user, system, Action.WORKFLOW_SEND, destination_id, parameters):
        system.client.send(
            destination_id, message, topic, idempotency_key, serialization=serialization
        )
    return Outcome("success", "The message is sent.")


def cancel(user: User, system: System, workflow_id: str) -> Outcome:
    """Cancel a workflow, and say truly what that did."""
    try:
        with _audited(user, system, Action.WORKFLOW_CANCEL, workflow_id):
            transition = system.client.cancel_workflow(workflow_id)
    except OutcomeUnknown:
        return _look_again(system, workflow_id)
    if transition.before == StatusString.CANCELLED:
        return Outcome("warning", "It was cancelled already.")
    if transition.before == StatusString.PENDING:
        return Outcome("success", "Cancelled. Running code stops at its next step.")
    return _outcome(transition, "Cancelled before it ran.")


def resume(user: User, system: System, workflow_id: str, queue_name: str | None) -> Outcome:
    """Put a workflow on a queue again. Raises :class:`NonExistentWorkflow`."""
    parameters = {"queue_name": queue_name}
    try:
        with _audited(user, system, Action.WORKFLOW_RESUME, workflow_id, parameters):
            transition = system.client.resume_workflow(workflow_id, queue_name=queue_name)
    except OutcomeUnknown:
        return _look_again(system, workflow_id)
    return _outcome(transition, "Resumed: it goes on after its last recorded step.")


def reveal_payload(
    user: User,
    system: System,
    workflow_id: str,
    place: PayloadPlace,
    *,
    max_bytes: int,
    download: bool = False,
) -> PayloadText | None:
    """The beginning of a stored payload, for somebody who may see its secrets.

    The entry says which payload it was, and whether it was taken whole as a file.
    """
    parameters = {**dataclasses.asdict(place), "download": download}
    with _audited(user, system, Action.PAYLOAD_REVEAL, workflow_id, parameters):
        return system.client.get_payload_text(workflow_id, place, max_bytes=max_bytes)


def save_view(user: User, system: System, name: str, search: str, *, share: bool) -> Outcome:
    """Keep a search under a name; one of the person's that has the name already is replaced."""
    action = Action.VIEW_SHARE if share else Action.VIEW_SAVE
    with _audited(user, system, action, name, {"search": search}):
        SavedView.objects.update_or_create(
            {"search": search, "is_shared": share}, owner=user, system=system.name, name=name
        )
    return Outcome("success", f"The view “{name}” is kept.")


def forget_view(user: User, system: System, view: SavedView) -> Outcome:
    """Forget a view of one's own, or as an administrator anybody's."""
    action = Action.VIEW_SAVE if view.owner_id == user.pk else Action.VIEW_FORGET
    with _audited(user, system, action, view.name, {"search": view.search, "forget": True}):
        view.delete()
    return Outcome("success", f"The view “{view.name}” is forgotten.")


def note_export(user: User, system: System, target: str, parameters: dict[str, Any]) -> None:
    """Keep that somebody takes a list away as a file."""
    with _audited(user, system, Action.WORKFLOW_EXPORT, target, parameters):
        pass


def plan_operation(user: User, system: System, operation: Operation) -> Operation:
    """Begin to write down what an operation would act on; the same one twice is one.

    Its first runs are written down at once, and the rest by a runner.
    """
    _assert_may_operate(user, system, operation)
    operation.user, operation.username, operation.system = user, user.get_username(), system.name
    operation.due_at = timezone.now() + operations.lease()
    found, is_new = Operation.objects.get_or_create(
        {field.attname: getattr(operation, field.attname) for field in Operation._meta.fields},
        pk=operation.pk,
    )
    if is_new:
        operations.plan_first(found, system)
    return found


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
        entry = AuditEntry.objects.create(
            user=user,
            username=user.get_username(),
            system=system.name,
            action=action,
            target=f"operation {operation.pk}",
            parameters={
                **operation.parameters,
                "search": operation.search,
                "filters": operation.filters,
                "runs": operations.to_act(operation),
                "reason": reason,
            },
        )
        Operation.objects.filter(pk=operation.pk).update(entry=entry)
    operations.wake.set()
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
    with _audited(user, system, Action.WORKFLOW_BULK, f"operation {operation.pk}", {"step": step}):
        changed = sum(
            Operation.objects.filter(pk=operation.pk, state=before).update(
                state=after, due_at=Now()
            )
            for before, after in states.items()
        )
    if not changed:
        return Outcome("warning", "It had gone on meanwhile; nothing was changed.")
    operations.wake.set()
    return Outcome("success", text)


def end_operation(operation: Operation, state: Operation.State, note: str = "") -> None:
    """Close an operation and its audit entry, with what became of its runs."""
    with transaction.atomic():
        operations.end(operation, state, note)
        counts = ", ".join(f"{count:,} {name}" for name, count in operation.outcomes.items())
        if operation.entry:
            failed = state == Operation.State.FAILED
            outcome = AuditEntry.Outcome.FAILED if failed else AuditEntry.Outcome.DONE
            left = operation.total - operation.done_to
            untouched = f"{left:,} not touched" if left else ""
            detail = "; ".join(filter(None, (state, counts, untouched, note)))
            _complete(operation.entry, outcome, detail)


def act_on_runs(
    user: User | None, system: System, operation: Operation, workflow_ids: list[str]
) -> list[Acted]:
    """Do what an operation is for to some of its runs; each may be met a second time.

    The permission is looked up anew: it may have been taken away since the last runs.
    """
    action = Action(operation.action)
    person = user and User.objects.filter(pk=user.pk).first()
    if person is None or not all(
        can(person, one, system) for one in (action, Action.WORKFLOW_BULK)
    ):
        if person is not None:
            record_refusal(person, action, f"operation {operation.pk}", system.name)
        raise PermissionDenied(action)
    client, asked = system.client, operation.parameters
    if action == Action.WORKFLOW_CANCEL:
        children = asked.get("children", False)
        transitions = client.cancel_workflows(workflow_ids, cancel_children=children)
        return [Acted(one.workflow_id, one.before) for one in transitions]
    now = {run.workflow_id: run.status for run in client.list_workflows(workflow_ids=workflow_ids)}
    skips = operations.kind_of(operation).skips
    chosen = [one for one in workflow_ids if one in now and not skips(now[one], asked)]
    acted = {one: Acted(one, now.get(one)) for one in workflow_ids}
    if action == Action.WORKFLOW_RESUME:
        _resume_those_that_are(system, chosen, asked.get("queue_name"))
    elif action == Action.WORKFLOW_DELETE:
        gone = client.delete_workflows(chosen) if chosen else []
        missed = set(chosen).difference(gone)
        acted |= {one: Acted(one, None) for one in missed}
    else:
        acted |= {one: _fork(system, operation, one, now[one]) for one in chosen}
    return list(acted.values())


def _resume_those_that_are(system: System, workflow_ids: list[str], queue_name: str | None) -> None:
    """Resume many; one that is deleted at this moment keeps none of the others."""
    left = list(workflow_ids)
    while left:
        try:
            system.client.resume_workflows(left, queue_name=queue_name or None)
            return
        except NonExistentWorkflow as error:
            left.remove(error.workflow_id)


def _fork(system: System, operation: Operation, workflow_id: str, status: str) -> Acted:
    """Start a run again. Its new ID is known beforehand, so that a second time changes nothing."""
    new_id = str(uuid.uuid5(operation.pk, workflow_id))
    try:
        system.client.fork_workflow(workflow_id, 0, new_workflow_id=new_id)
    except NonExistentWorkflow:
        return Acted(workflow_id, None)
    return Acted(workflow_id, status, OperationRun.Outcome.DONE, new_id)


def _assert_may_operate(user: User, system: System, operation: Operation) -> Action:
    action = Action(operation.action)
    if not can(user, action, system):
        record_refusal(user, action, f"operation {operation.pk}", system.name)
        raise PermissionDenied(action)
    return action


def _outcome(transition: Transition, text: str) -> Outcome:
    if transition.changed:
        return Outcome("success", text)
    if transition.before is None:
        return Outcome("warning", "There is no such workflow any more; nothing was changed.")
    return Outcome("warning", f"It was already over ({transition.before}); nothing was changed.")


def _look_again(system: System, workflow_id: str) -> Outcome:
    """What a person should know when the answer of a write was lost: the state it is in now."""
    broke = "The connection broke before the database answered."
    try:
        status = system.client.get_workflow(workflow_id)
    except SystemDatabaseError:
        return Outcome("warning", f"{broke} It may have been done or not: look before you repeat.")
    return Outcome("warning", f"{broke} The workflow is now {status.status if status else 'gone'}.")


@contextmanager
def _audited(
    user: User,
    system: System,
    action: Action,
    target: str,
    parameters: dict[str, Any] | None = None,
) -> Iterator[None]:
    """Authorise, and keep one audit entry: begun before the act, completed after it.

    Payloads are not kept: they are the applications' data, and may be private.
    """
    if not can(user, action, system):
        record_refusal(user, action, target, system.name)
        raise PermissionDenied(action)
    entry = AuditEntry.objects.create(
        user=user,
        username=user.get_username(),
        system=system.name,
        action=action,
        target=target,
        parameters=parameters or {},
    )
    try:
        yield
    except OutcomeUnknown as error:
        _complete(entry, AuditEntry.Outcome.UNKNOWN, str(error))
        raise
    except DBOSClientError as error:
        _complete(entry, AuditEntry.Outcome.FAILED, str(error))
        raise
    _complete(entry, AuditEntry.Outcome.DONE)


def _complete(entry: AuditEntry, outcome: AuditEntry.Outcome, detail: str = "") -> None:
    entry.outcome, entry.detail, entry.completed_at = outcome, detail, timezone.now()
    try:
        entry.save(update_fields=["outcome", "detail", "completed_at"])
    except (DatabaseError, InterfaceError):
        # The act is over and the person must hear how it ended; the entry stays "started".
        logger.exception("Audit entry %s could not be completed: %s", entry.pk, outcome)
