"""Every write: authorise → audit → client_core → audit → what to tell the person.

Nothing else in the console calls a writing method of the client, so neither the permission nor the
audit entry can be forgotten; a test holds this.
"""

import dataclasses
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
    SystemDatabaseError,
)
from console import outcomes
from console.audit.acts import audited as _audited
from console.models import Operation, OperationRun, SavedView
from console.operations import chunks
from console.operations.chunks import Acted
from console.operations.families import delete_with_below, lost
from console.outcomes import Outcome
from console.permissions import Action, can, record_refusal
from console.systems import System


def enqueue(
    user: User,
    system: System,
    options: EnqueueOptions,
    args: list[Any],
    kwargs: dict[str, Any],
    *,
    like: str = "",
    act_id: UUID | None = None,
) -> Outcome:
    """Start a workflow. Raises what :meth:`DBOSClient.enqueue` raises.

    ``like`` is the run whose arguments the person began with.
    """
    parameters = {key: value for key, value in dataclasses.asdict(options).items() if value}
    if like:
        parameters["like"] = like
    if options.attributes:
        parameters["attributes"] = sorted(options.attributes)
    # The entry is written before the act, so the ID is made before it as well.
    target = options.workflow_id or str(uuid.uuid4())
    options = dataclasses.replace(options, workflow_id=target)
    action = Action.WORKFLOW_ENQUEUE
    try:
        with _audited(user, system, action, target, parameters, act_id, repeats=True) as entry:
            handle = system.client.enqueue(options, *args, **kwargs)
            entry.changed = {"workflow_id": handle.workflow_id, "is_new": handle.is_new}
    except OutcomeUnknown as error:
        return outcomes.look_for(system, target, error)
    if handle.is_new:
        return Outcome("success", f"Enqueued on {options.queue_name}.", handle.workflow_id)
    text = "This run existed already; nothing new was started."
    return Outcome("warning", text, handle.workflow_id)


def debounce(
    user: User,
    system: System,
    options: EnqueueOptions,
    args: list[Any],
    kwargs: dict[str, Any],
    *,
    key: str,
    period_ms: int,
    timeout_ms: int | None,
    act_id: UUID | None = None,
) -> Outcome:
    """Debounce a workflow. Raises what :meth:`DBOSClient.debounce_workflow` raises."""
    parameters = {
        "workflow_name": options.workflow_name,
        "period_ms": period_ms,
        "timeout_ms": timeout_ms,
    }
    with _audited(user, system, Action.WORKFLOW_DEBOUNCE, key, parameters, act_id) as entry:
        handle = system.client.debounce_workflow(
            options, key, period_ms, tuple(args), kwargs, debounce_timeout_ms=timeout_ms
        )
        entry.changed = {"workflow_id": handle.workflow_id, "is_new": handle.is_new}
    if handle.is_new:
        text = "It waits for further calls with this key."
    else:
        text = "The run that waits is put off and has these arguments now."
    return Outcome("success", text, handle.workflow_id)


def send(
    user: User,
    system: System,
    destination_id: str,
    message: Any,
    *,
    topic: str | None,
    idempotency_key: str | None,
    serialization: str | None,
    act_id: UUID | None = None,
) -> Outcome:
    """Send a message. Raises what :meth:`DBOSClient.send` raises."""
    parameters = {"topic": topic, "idempotency_key": idempotency_key}
    action, repeats = Action.WORKFLOW_SEND, sends_once(system)
    key = idempotency_key or (str(act_id) if act_id else None)
    with _audited(user, system, action, destination_id, parameters, act_id, repeats=repeats):
        system.client.send(destination_id, message, topic, key, serialization=serialization)
    told = ", unless one with this key was sent before" if idempotency_key else ""
    return Outcome("success", f"The message is sent{told}.")


def sends_once(system: System) -> bool:
    """Whether the database keeps a message from being sent again once it was received."""
    try:
        return not system.client.capabilities.lacks("notifications.consumed")
    except SystemDatabaseError:
        return False


def cancel(
    user: User,
    system: System,
    workflow_id: str,
    *,
    with_children: bool = False,
    act_id: UUID | None = None,
) -> Outcome:
    """Cancel a workflow, and what it started if that is wanted; say truly what that did."""
    parameters = {"with_children": True} if with_children else {}
    action = Action.WORKFLOW_CANCEL
    try:
        with _audited(user, system, action, workflow_id, parameters, act_id) as entry:
            transition, *children = system.client.cancel_workflows(
                [workflow_id], cancel_children=with_children
            )
            entry.changed = outcomes.changed_status(transition, "CANCELLED", children)
    except OutcomeUnknown as error:
        return outcomes.look_again(system, workflow_id, error, with_children=with_children)
    outcome = outcomes.of_cancel(transition)
    return outcomes.of_family(outcome, children) if with_children else outcome


def resume(
    user: User,
    system: System,
    workflow_id: str,
    queue_name: str | None,
    act_id: UUID | None = None,
) -> Outcome:
    """Put a workflow on a queue again. Raises :class:`NonExistentWorkflow`."""
    parameters = {"queue_name": queue_name}
    action = Action.WORKFLOW_RESUME
    try:
        with _audited(user, system, action, workflow_id, parameters, act_id) as entry:
            transition = system.client.resume_workflow(workflow_id, queue_name=queue_name)
            entry.changed = outcomes.changed_status(transition, "ENQUEUED")
    except OutcomeUnknown as error:
        return outcomes.look_again(system, workflow_id, error)
    return outcomes.of_transition(transition, "Resumed: it goes on after its last recorded step.")


def fork(
    user: User,
    system: System,
    workflow_id: str,
    start_step: int,
    options: dict[str, Any],
    act_id: UUID | None = None,
) -> Outcome:
    """Run a workflow again from a step, under ``options["new_workflow_id"]``.

    Raises what :meth:`DBOSClient.fork_workflow` raises.
    """
    new_id = options["new_workflow_id"]
    parameters, action = {"start_step": start_step, **options}, Action.WORKFLOW_FORK
    try:
        with _audited(user, system, action, workflow_id, parameters, act_id, repeats=True) as entry:
            is_there = bool(system.client.list_workflows(workflow_ids=new_id))
            system.client.fork_workflow(workflow_id, start_step, **options)
            entry.changed = {"workflow_id": new_id, "is_new": not is_there}
    except OutcomeUnknown as error:
        return outcomes.look_for(system, new_id, error)
    if is_there:
        return Outcome("warning", "This fork existed already; nothing new was started.", new_id)
    return Outcome("success", f"Forked: this is the new run, from step {start_step} on.", new_id)


def delete(
    user: User,
    system: System,
    workflow_id: str,
    *,
    with_children: bool = False,
    act_id: UUID | None = None,
) -> Outcome:
    """Delete a workflow, and what it started if that is wanted, for good."""
    parameters = {"with_children": True} if with_children else {}
    action = Action.WORKFLOW_DELETE
    try:
        with _audited(user, system, action, workflow_id, parameters, act_id) as entry:
            gone = system.client.delete_workflow(workflow_id, delete_children=with_children)
            entry.changed = {"deleted": list(gone[: outcomes.MOST_NAMED]), "count": len(gone)}
    except OutcomeUnknown as error:
        return outcomes.look_again(system, workflow_id, error)
    return outcomes.of_delete(workflow_id, gone)


def set_delay(
    user: User,
    system: System,
    workflow_id: str,
    delay: dict[str, Any],
    act_id: UUID | None = None,
) -> Outcome:
    """Move the time before which a delayed workflow does not start.

    Raises what :meth:`DBOSClient.set_workflow_delay` raises, which ``delay`` is given to.
    """
    try:
        with _audited(user, system, Action.WORKFLOW_DELAY, workflow_id, delay, act_id) as entry:
            transition = system.client.set_workflow_delay(workflow_id, **delay)
            entry.changed = delay if transition.changed else {}
    except OutcomeUnknown as error:
        return outcomes.look_again(system, workflow_id, error)
    return outcomes.of_waiting(transition, "Its delay is changed.", "It is delayed no more")


def set_priority(
    user: User, system: System, workflow_id: str, priority: int, act_id: UUID | None = None
) -> Outcome:
    """Change the priority of a workflow that waits. Raises :class:`InvalidOption`."""
    parameters, action = {"priority": priority}, Action.WORKFLOW_PRIORITY
    try:
        with _audited(user, system, action, workflow_id, parameters, act_id) as entry:
            transition = system.client.set_workflow_priority(workflow_id, priority)
            entry.changed = parameters if transition.changed else {}
    except OutcomeUnknown as error:
        return outcomes.look_again(system, workflow_id, error)
    return outcomes.of_waiting(transition, f"Its priority is {priority:,} now.", "It waits no more")


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
    skips = chunks.kind_of(operation).skips
    chosen = [one for one in workflow_ids if one in now and not skips(now[one], asked)]
    acted = {one: Acted(one, now.get(one)) for one in workflow_ids}
    if action == Action.WORKFLOW_RESUME:
        _resume_those_that_are(system, chosen, asked.get("queue_name"))
    elif action == Action.WORKFLOW_DELETE and asked.get("children"):
        roots = {one: now[one] for one in chosen}
        family = delete_with_below(operation, system, roots, client.delete_workflows)
        acted |= {one.workflow_id: one for one in family}
        acted |= {one.workflow_id: one for one in lost(operation, system, list(acted.values()))}
    elif action == Action.WORKFLOW_DELETE:
        gone = client.delete_workflows(chosen) if chosen else []
        missed = set(chosen).difference(gone)
        acted |= {one: Acted(one, None) for one in missed}
    else:
        failed = client.last_failed_steps(chosen) if asked.get("from_failure") else None
        for place, one in enumerate(chosen):
            try:
                acted[one] = _fork(system, operation, one, now[one], failed)
            except SystemDatabaseError as error:
                if not place:
                    raise
                # Some are forked, so that it is not so that nothing was written.
                raise OutcomeUnknown(str(error)) from error
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
