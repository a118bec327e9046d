"""Rows of the audit log, with where they come from."""

import getpass
from typing import Any

from django.contrib.auth.models import User

from console.audit.models import AuditEntry, AuditOutcome
from console.audit.whence import whence


def begin(
    *,
    user: User | None = None,
    username: str = "",
    system: str = "",
    action: str,
    target: str = "",
    parameters: dict[str, Any] | None = None,
    reason: str | None = None,
    outcome: AuditOutcome = AuditOutcome.STARTED,
    detail: str = "",
) -> AuditEntry:
    """Add an entry; one that is over already says how it ended."""
    here = whence()
    entry: AuditEntry = AuditEntry.objects.create(
        user=user,
        username=(user.get_username() if user else username)[:150],
        address=here.address,
        request_id=here.request_id,
        system=system,
        action=action,
        target=target,
        parameters=parameters or {},
        reason=here.reason if reason is None else reason,
        first_outcome=outcome,
        first_detail=detail,
    )
    entry.outcome, entry.detail, entry.changed = outcome, detail, None
    return entry


def command_line() -> str:
    """Who works at the command line of the console, where everything is allowed."""
    return f"{getpass.getuser()} (command line)"


def record(
    action: str,
    *,
    user: User | None = None,
    username: str = "",
    system: str = "",
    target: str = "",
    parameters: dict[str, Any] | None = None,
    outcome: AuditOutcome = AuditOutcome.DONE,
    detail: str = "",
) -> AuditEntry:
    """Keep what is no write of a system, such as a sign-in or an export: one complete entry."""
    return begin(
        user=user,
        username=username,
        system=system,
        action=action,
        target=target,
        parameters=parameters,
        outcome=outcome,
        detail=detail,
    )
