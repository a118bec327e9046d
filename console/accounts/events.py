"""What people do to their accounts and sessions, kept in the audit log."""

import time
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import password_changed
from allauth.account.signals import user_logged_in as signed_in
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver

from console.accounts import sessions
from console.accounts.second_factor import HAS_FACTOR
from console.audit.rows import record
from console.http import Request
from console.models import AuditEntry

#: In a session, when recovery codes were made in it.
NEW_CODES = "console_new_codes"
_FACTORS = {"totp": "authenticator app", "webauthn": "passkey", "recovery_codes": "recovery codes"}


def refused(user: User | None, why: str, **parameters: Any) -> None:
    """Keep a refused sign-in.

    A name that no account has is not kept: it is often a password in the wrong field.
    """
    record(
        "account.sign-in-refused",
        user=user,
        outcome=AuditEntry.Outcome.REFUSED,
        detail=why if user else f"{why}, no such account",
        parameters=parameters,
    )


@receiver(user_logged_in)
def _begin(request: Request, **kwargs: Any) -> None:
    sessions.begin(request)


@receiver(signed_in)
def _signed_in(request: Request, user: User, **kwargs: Any) -> None:
    records = get_authentication_records(request, user)
    record("account.sign-in", user=user, parameters={"by": [_how(each) for each in records]})


def _how(step: dict[str, Any]) -> str:
    if step["method"] == "mfa":
        return _FACTORS[step["type"]]
    return {"socialaccount": "provider"}.get(step["method"], str(step["method"]))


@receiver(user_logged_out)
def _signed_out(user: User | None, **kwargs: Any) -> None:
    if user is not None:
        record("account.sign-out", user=user)


@receiver(password_changed)
def _password_changed(user: User, **kwargs: Any) -> None:
    record("account.password-change", user=user)


@receiver(factors.authenticator_added)
@receiver(factors.authenticator_reset)
def _added(request: Request, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        request.session[NEW_CODES] = time.time()
    _factor("account.factor-add", user, authenticator)


@receiver(factors.authenticator_removed)
def _removed(request: Request, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    request.session.pop(HAS_FACTOR, None)
    _factor("account.factor-remove", user, authenticator)


def _factor(action: str, user: User, authenticator: Authenticator) -> None:
    record(action, user=user, target=_FACTORS[authenticator.type])


@receiver(factors.authentication_failed)
def _wrong_code(user: User, **kwargs: Any) -> None:
    refused(user, "code")
