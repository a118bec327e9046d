"""The audit entry around an act, and the permission before it."""

import logging
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


class SentBefore(Exception):
    """The form that asks for this was sent before, and acted then or is about to."""


@contextmanager
def audited(
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
        complete(entry, AuditEntry.Outcome.UNKNOWN, str(error))
        raise
    except DBOSClientError as error:
        complete(entry, AuditEntry.Outcome.FAILED, str(error))
        raise
    complete(entry, AuditEntry.Outcome.DONE)


def complete(entry: AuditEntry, outcome: AuditEntry.Outcome, detail: str = "") -> None:
    """Close an entry."""
    entry.outcome, entry.detail, entry.completed_at = outcome, detail, timezone.now()
    try:
        entry.save(update_fields=["outcome", "detail", "completed_at"])
    except (DatabaseError, InterfaceError):
        # The act is over and the person must hear how it ended; the entry stays "started".
        logger.exception("Audit entry %s could not be completed: %s", entry.pk, outcome)
