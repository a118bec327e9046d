"""Every write: authorise → audit → client_core → audit → what to tell the person.

Nothing else in the console calls a writing method of the client, so neither the permission nor the
audit entry can be forgotten; a test holds this.
"""

import dataclasses
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.utils import timezone

from client_core import (
    DBOSClientError,
    EnqueueOptions,
    OutcomeUnknown,
    PayloadPlace,
    PayloadText,
    StatusString,
    SystemDatabaseError,
    Transition,
    WorkflowHandle,
)
from console.http import Level
from console.models import AuditEntry, SavedView
from console.permissions import Action, can, record_refusal
from console.systems import System

logger = logging.getLogger("console")


class SentBefore(Exception):
    """The form that asks for this was sent before, and acted then or is about to."""


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


@contextmanager
def _audited(
    user: User,
    system: System,
    action: Action,
    target: str,
    parameters: dict[str, Any] | None = None,
    form_id: UUID | None = None,
) -> Iterator[None]:
    """Authorise, and keep one audit entry: begun before the act, completed after it.

    Payloads are not kept: they are the applications' data, and may be private. Raises
    :class:`SentBefore` for a form that acted already.
    """
    if not can(user, action, system):
        record_refusal(user, action, target, system.name)
        raise PermissionDenied(action)
    try:
        with transaction.atomic():
            entry = AuditEntry.objects.create(
                user=user,
                username=user.get_username(),
                system=system.name,
                action=action,
                target=target,
                parameters=parameters or {},
                form_id=form_id,
            )
    except IntegrityError as error:
        raise SentBefore from error
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
