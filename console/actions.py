"""Every write: authorise → audit → client_core → audit → what to tell the person.

Nothing else in the console calls a writing method of the client, so neither the permission nor the
audit entry can be forgotten; a test holds this.
"""

import dataclasses
import logging
import uuid
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from client_core import (
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
from console.auditing import audited as _audited
from console.http import Level
from console.models import AuditEntry, Operation, OperationRun, SavedView
from console.operation_families import delete_with_below, lost
from console.operations import Acted
from console.permissions import Action, can, record_refusal
from console.systems import System

logger = logging.getLogger("console")


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a write, in a sentence for the person who asked for it."""

    level: Level
    text: str


def sent_before(form_id: UUID | None) -> Outcome | None:
    """What to tell who sends a form again; None for one that did nothing yet."""
    acted = AuditEntry.objects.filter(form_id=form_id).exclude(outcome__in=("failed", "refused"))
    entry = acted.first() if form_id else None
    if entry is None:
        return None
    if entry.outcome == AuditEntry.Outcome.DONE:
        return Outcome("warning", "This was sent twice, and done once.")
    return Outcome("warning", "This was sent twice; look what became of it before you repeat it.")


def enqueue(
    user: User,
    system: System,
    options: EnqueueOptions,
    args: list[Any],
    kwargs: dict[str, Any],
    *,
    like: str = "",
) -> tuple[WorkflowHandle, Outcome]:
    """Start a workflow. Raises what :meth:`DBOSClient.enqueue` raises.

    ``like`` is the run whose arguments the person began with.
    """
    parameters = {key: value for key, value in dataclasses.asdict(options).items() if value}
    if like:
        parameters["like"] = like
    if options.attributes:
        parameters["attributes"] = sorted(options.attributes)
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


def cancel(
    user: User,
    system: System,
    workflow_id: str,
    *,
    with_children: bool = False,
    form_id: UUID | None = None,
) -> Outcome:
    """Cancel a workflow, and what it started if that is wanted; say truly what that did."""
    parameters = {"with_children": True} if with_children else {}
    try:
        with _audited(user, system, Action.WORKFLOW_CANCEL, workflow_id, parameters, form_id):
            transition, *children = system.client.cancel_workflows(
                [workflow_id], cancel_children=with_children
            )
    except OutcomeUnknown:
        return _look_again(system, workflow_id)
    return _of_family(_cancelled(transition), children) if with_children else _cancelled(transition)


def resume(
    user: User,
    system: System,
    workflow_id: str,
    queue_name: str | None,
    form_id: UUID | None = None,
) -> Outcome:
    """Put a workflow on a queue again. Raises :class:`NonExistentWorkflow`."""
    parameters = {"queue_name": queue_name}
    try:
        with _audited(user, system, Action.WORKFLOW_RESUME, workflow_id, parameters, form_id):
            transition = system.client.resume_workflow(workflow_id, queue_name=queue_name)
    except OutcomeUnknown:
        return _look_again(system, workflow_id)
    return _outcome(transition, "Resumed: it goes on after its last recorded step.")


def fork(
    user: User,
    system: System,
    workflow_id: str,
    start_step: int,
    options: dict[str, Any],
    form_id: UUID | None = None,
) -> tuple[str | None, Outcome]:
    """Run a workflow again from a step, under ``options["new_workflow_id"]``.

    Raises what :meth:`DBOSClient.fork_workflow` raises. Without an ID it is not known whether
    the fork is there.
    """
    new_id = options["new_workflow_id"]
    parameters = {"start_step": start_step, **options}
    try:
        with _audited(user, system, Action.WORKFLOW_FORK, workflow_id, parameters, form_id):
            is_there = bool(system.client.list_workflows(workflow_ids=new_id))
            system.client.fork_workflow(workflow_id, start_step, **options)
    except OutcomeUnknown:
        return _look_for_fork(system, new_id)
    if is_there:
        return new_id, Outcome("warning", "This fork existed already; nothing new was started.")
    return new_id, Outcome("success", f"Forked: this is the new run, from step {start_step} on.")


def delete(
    user: User,
    system: System,
    workflow_id: str,
    *,
    with_children: bool = False,
    form_id: UUID | None = None,
) -> Outcome:
    """Delete a workflow, and what it started if that is wanted, for good."""
    parameters = {"with_children": True} if with_children else {}
    try:
        with _audited(user, system, Action.WORKFLOW_DELETE, workflow_id, parameters, form_id):
            gone = system.client.delete_workflow(workflow_id, delete_children=with_children)
    except OutcomeUnknown:
        return _look_again(system, workflow_id)
    others = len(gone) - (workflow_id in gone)
    if workflow_id not in gone:
        told = f", but {_runs(others)} below it were deleted" if others else "; nothing was deleted"
        return Outcome("warning", f"{workflow_id} was gone already{told}.")
    more = f" and {_runs(others)} below it" if others else ""
    return Outcome("success", f"Deleted {workflow_id}{more}.")


def set_delay(
    user: User,
    system: System,
    workflow_id: str,
    delay: dict[str, Any],
    form_id: UUID | None = None,
) -> Outcome:
    """Move the time before which a delayed workflow does not start.

    Raises what :meth:`DBOSClient.set_workflow_delay` raises, which ``delay`` is given to.
    """
    try:
        with _audited(user, system, Action.WORKFLOW_DELAY, workflow_id, delay, form_id):
            transition = system.client.set_workflow_delay(workflow_id, **delay)
    except OutcomeUnknown:
        return _look_again(system, workflow_id)
    return _waiting(transition, "Its delay is changed.", "It is delayed no more")


def set_priority(
    user: User, system: System, workflow_id: str, priority: int, form_id: UUID | None = None
) -> Outcome:
    """Change the priority of a workflow that waits. Raises :class:`InvalidOption`."""
    parameters = {"priority": priority}
    try:
        with _audited(user, system, Action.WORKFLOW_PRIORITY, workflow_id, parameters, form_id):
            transition = system.client.set_workflow_priority(workflow_id, priority)
    except OutcomeUnknown:
        return _look_again(system, workflow_id)
    return _waiting(transition, f"Its priority is {priority:,} now.", "It waits no more")


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
    elif action == Action.WORKFLOW_DELETE and asked.get("children"):
        roots = {one: now[one] for one in chosen}
        family = delete_with_below(
            operation, system, roots, lambda some: client.delete_workflows(some)
        )
        acted |= {one.workflow_id: one for one in family}
        acted |= {one.workflow_id: one for one in lost(operation, system, list(acted.values()))}
    elif action == Action.WORKFLOW_DELETE:
        gone = client.delete_workflows(chosen) if chosen else []
        missed = set(chosen).difference(gone)
        acted |= {one: Acted(one, None) for one in missed}
    else:
        failed = client.last_failed_steps(chosen) if asked.get("from_failure") else None
        acted |= {one: _fork(system, operation, one, now[one], failed) for one in chosen}
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


def _fork(
    system: System,
    operation: Operation,
    workflow_id: str,
    status: str,
    failed_steps: Mapping[str, int] | None,
) -> Acted:
    """Start a run again. Its new ID is known beforehand, so that a second time changes nothing."""
    if failed_steps is not None and workflow_id not in failed_steps:
        refused = OperationRun.Outcome.REFUSED
        return Acted(workflow_id, status, refused, "no failed step is recorded")
    start_step = failed_steps[workflow_id] if failed_steps else 0
    new_id = str(uuid.uuid5(operation.pk, workflow_id))
    try:
        system.client.fork_workflow(workflow_id, start_step, new_workflow_id=new_id)
    except NonExistentWorkflow:
        return Acted(workflow_id, None)
    return Acted(workflow_id, status, OperationRun.Outcome.DONE, new_id)


def _outcome(transition: Transition, text: str) -> Outcome:
    if transition.changed:
        return Outcome("success", text)
    if transition.before is None:
        return Outcome("warning", "There is no such workflow any more; nothing was changed.")
    return Outcome("warning", f"It was already over ({transition.before}); nothing was changed.")


def _cancelled(transition: Transition) -> Outcome:
    if transition.before == StatusString.CANCELLED:
        return Outcome("warning", "It was cancelled already.")
    if transition.before == StatusString.PENDING:
        return Outcome("success", "Cancelled. Running code stops at its next step.")
    return _outcome(transition, "Cancelled before it ran.")


def _of_family(outcome: Outcome, children: list[Transition]) -> Outcome:
    """What became of a run, and of all that it had started."""
    stopped = [one for one in children if one.changed and one.before != StatusString.CANCELLED]
    if not children:
        return Outcome(outcome.level, f"{outcome.text} It had started no other run.")
    told = f"Of the {_runs(len(children))} below it {len(stopped):,} were cancelled"
    over = len(children) - len(stopped)
    rest = f"; {over:,} were over already." if over else "."
    return Outcome("success" if stopped else outcome.level, f"{outcome.text} {told}{rest}")


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


def _waiting(transition: Transition, text: str, instead: str) -> Outcome:
    """What became of a change that only a waiting run takes."""
    if transition.changed or transition.before is None:
        return _outcome(transition, text)
    return Outcome("warning", f"{instead} ({transition.before}); nothing was changed.")


def _look_again(system: System, workflow_id: str) -> Outcome:
    """What a person should know when the answer of a write was lost: the state it is in now."""
    broke = "The connection broke before the database answered."
    try:
        status = system.client.get_workflow(workflow_id)
    except SystemDatabaseError:
        return Outcome("warning", f"{broke} It may have been done or not: look before you repeat.")
    return Outcome("warning", f"{broke} The workflow is now {status.status if status else 'gone'}.")


def _look_for_fork(system: System, new_id: str) -> tuple[str | None, Outcome]:
    broke = "The connection broke before the database answered"
    try:
        if system.client.get_workflow(new_id):
            return new_id, Outcome("warning", f"{broke}, but the fork is there.")
    except SystemDatabaseError:
        pass
    look = f"look for {new_id} before you fork again"
    return None, Outcome("warning", f"{broke}. The fork may be there or not: {look}.")
