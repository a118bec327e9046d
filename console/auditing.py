"""The audit entry around an act, and the permission before it."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.utils import timezone

from client_core import DBOSClientError, OutcomeUnknown
from console.models import AuditEntry
from console.permissions import Action, can, record_refusal
from console.systems import System

logger = logging.getLogger("console")

#: So long who sends a form twice waits for what comes of the first.
PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.05


class SentBefore(Exception):
    """The form that asks for this was sent before, and acted then or is about to."""


def sent_before(act_id: UUID | None, *, repeats: bool = False) -> AuditEntry | None:
    """The act of a form that was sent before, waited for a while; None if it may be sent now.

    ``repeats`` says that it may also be sent while nobody knows how the first ended.
    """
    if act_id is None:
        return None
    give_up = time.monotonic() + PATIENCE_SECONDS
    free = ["failed", "refused", *(["unknown"] if repeats else [])]
    acts = AuditEntry.objects.filter(form_id=act_id).exclude(outcome__in=free)
    while (entry := acts.first()) and entry.outcome == AuditEntry.Outcome.STARTED:
        if time.monotonic() > give_up:
            break
        time.sleep(_PAUSE_SECONDS)
    return entry


@contextmanager
def audited(
    user: User,
    system: System,
    action: Action,
    target: str,
    parameters: dict[str, Any] | None = None,
    act_id: UUID | None = None,
    *,
    repeats: bool = False,
) -> Iterator[AuditEntry]:
    """Authorise, and keep one audit entry: begun before the act, completed after it.

    Payloads are not kept: they are the applications' data, and may be private. Raises
    :class:`SentBefore` for a form that acted already; one that ``repeats`` goes on with the entry
    of which nobody knows how it ended.
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
                form_id=act_id,
            )
    except IntegrityError as error:
        begun = AuditEntry.objects.filter(form_id=act_id, user=user)
        if not (repeats and begun.filter(outcome="unknown").update(outcome="started")):
            raise SentBefore from error
        entry = begun.get(outcome="started")
        entry.detail = ""
    with _completing(entry):
        yield entry


@contextmanager
def audited_command(
    who: str, system: System, action: Action, target: str, parameters: dict[str, Any]
) -> Iterator[AuditEntry]:
    """Keep one entry of an act at the command line, by who may do everything there."""
    entry = AuditEntry.objects.create(
        username=who[:150],
        system=system.name,
        action=action,
        target=target,
        parameters=parameters,
    )
    with _completing(entry):
        yield entry


def record(
    action: str,
    *,
    user: User | None = None,
    username: str = "",
    system: str = "",
    target: str = "",
    parameters: dict[str, Any] | None = None,
    outcome: AuditEntry.Outcome = AuditEntry.Outcome.DONE,
    detail: str = "",
) -> AuditEntry:
    """Keep one entry of what is no write of a system: a sign-in, a change of people."""
    return AuditEntry.objects.create(
        user=user,
        username=(username or (user.get_username() if user else ""))[:150],
        system=system,
        action=action,
        target=target,
        parameters=parameters or {},
        outcome=outcome,
        detail=detail,
        completed_at=timezone.now(),
    )


@contextmanager
def _completing(entry: AuditEntry) -> Iterator[None]:
    """Close an entry with what became of the act."""
    try:
        yield
    except OutcomeUnknown as error:
        complete(entry, AuditEntry.Outcome.UNKNOWN, str(error))
        raise
    except DBOSClientError as error:
        complete(entry, AuditEntry.Outcome.FAILED, str(error))
        raise
    complete(entry, AuditEntry.Outcome.DONE, entry.detail)


def complete(entry: AuditEntry, outcome: AuditEntry.Outcome, detail: str = "") -> None:
    """Close an entry."""
    entry.outcome, entry.detail, entry.completed_at = outcome, detail, timezone.now()
    try:
        entry.save(update_fields=["target", "outcome", "detail", "completed_at"])
    except (DatabaseError, InterfaceError):
        # The act is over and the person must hear how it ended; the entry stays "started".
        logger.exception("Audit entry %s could not be completed: %s", entry.pk, outcome)
