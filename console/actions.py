"""Every write: authorise → audit → client_core → audit → what to tell the person.

Nothing else in the console calls a writing method of the client, so neither the permission nor the
audit entry can be forgotten; a test holds this.
"""

import dataclasses
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError
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
