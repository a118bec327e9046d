"""The audit entry around an act, and the permission before it."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction

from client_core import DBOSClientError, OutcomeUnknown
from console.audit.models import AuditEnding, AuditEntry, AuditForm
from console.audit.models import AuditOutcome as Outcome
from console.audit.rows import begin
from console.permissions import Action, Refused, record_refusal, why_not
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
    acts = AuditEntry.objects.filter(forms__form_id=act_id)
    if repeats:
        acts = acts.exclude(outcome=Outcome.UNKNOWN)
    while (entry := acts.first()) and entry.outcome == Outcome.STARTED:
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

    The act may say in ``entry.changed`` what is different now. Payloads are not kept: they are the
    applications' data, and may be private. Raises :class:`SentBefore` for a form that acted
    already; one that ``repeats`` goes on with the entry of which nobody knows how it ended.
    """
    if reason := why_not(user, action, system):
        record_refusal(user, action, target, system.name)
        raise Refused(action, reason)
    about = {"system": system.name, "action": action, "target": target, "parameters": parameters}
    try:
        entry = _begin_once(act_id, user=user, **about)
    except IntegrityError as error:
        again = _begin_again(user, act_id) if act_id and repeats else None
        if again is None:
            raise SentBefore from error
        entry = again
    with _completing(entry):
        yield entry


def _begin_once(act_id: UUID | None, **about: Any) -> AuditEntry:
    """Begin an entry; IntegrityError if the form has one."""
    # The log comes last in each transaction: what waits for its lock holds nothing up then.
    with transaction.atomic():
        if act_id is None:
            return begin(**about)
        AuditForm.objects.create(form_id=act_id)
        entry = begin(**about)
        AuditForm.objects.filter(form_id=act_id).update(entry=entry)
        return entry


def _begin_again(user: User, act_id: UUID) -> AuditEntry | None:
    """Go on with the entry of a person's form of which nobody knows how it ended; once."""
    with transaction.atomic():
        forms = AuditForm.objects.select_for_update(of=("self",))
        form = forms.filter(form_id=act_id, entry__user=user).first()
        if form is None:
            return None
        # Asked only now, when nobody else can begin it again.
        acts = AuditEntry.objects.filter(forms=form, outcome=Outcome.UNKNOWN)
        if entry := acts.first():
            AuditEnding.objects.create(entry=entry, outcome=Outcome.STARTED)
            entry.detail, entry.changed = "", None
        return entry


@contextmanager
def audited_command(
    who: str, system: System, action: Action, target: str, parameters: dict[str, Any]
) -> Iterator[AuditEntry]:
    """Keep one entry of an act at the command line, by who may do everything there."""
    entry = begin(
        username=who, system=system.name, action=action, target=target, parameters=parameters
    )
    with _completing(entry):
        yield entry


@contextmanager
def _completing(entry: AuditEntry) -> Iterator[None]:
    """Close an entry with what became of the act."""
    try:
        yield
    except OutcomeUnknown as error:
        complete(entry, Outcome.UNKNOWN, str(error))
        raise
    except DBOSClientError as error:
        complete(entry, Outcome.FAILED, str(error))
        raise
    except Exception as error:
        complete(entry, Outcome.UNKNOWN, f"An error of the console: {type(error).__name__}")
        raise
    complete(entry, Outcome.DONE, entry.detail, entry.changed)


def complete(
    entry: AuditEntry,
    outcome: Outcome,
    detail: str = "",
    changed: dict[str, Any] | None = None,
) -> None:
    """Close an entry."""
    try:
        with transaction.atomic():
            if outcome in (Outcome.FAILED, Outcome.REFUSED):
                AuditForm.objects.filter(entry=entry).delete()
            AuditEnding.objects.create(entry=entry, outcome=outcome, detail=detail, changed=changed)
    except (DatabaseError, InterfaceError):
        # The act is over and the person must hear how it ended; the entry stays "started".
        logger.exception("Audit entry %s could not be completed: %s", entry.pk, outcome)
