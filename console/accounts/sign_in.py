"""How people are known: what is ours where django-allauth asks."""

import base64
import hashlib
import secrets
import time
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from console.accounts import events
from console.audit.whence import whence

#: Of a connection without one, such as through a socket of the machine.
NOWHERE = "0.0.0.0"  # noqa: S104 - nobody listens there
#: The same whether there is such an account or not, whether it is active or not.
MISMATCH = "There is no account with this name and password."
TOO_MANY = "Too many attempts. Wait a few minutes, then try again."
#: What allauth says by the name of a template; it need not say more.
_SAID = {
    "account/messages/password_changed.txt": "The password is changed, and your other sessions "
    "have ended.",
    "mfa/messages/totp_activated.txt": "The authenticator app is set up.",
    "mfa/messages/totp_deactivated.txt": "The authenticator app is taken away.",
    "mfa/messages/webauthn_added.txt": "The passkey is added.",
    "mfa/messages/webauthn_removed.txt": "The passkey is taken away.",
}


def find_person(name: str) -> User | None:
    """Whom a username or an e-mail address means, if it is one person."""
    named = User.objects.filter(username__iexact=name)[:2]
    found = list(named) or list(User.objects.filter(email__iexact=name).exclude(email="")[:2])
    return found[0] if len(found) == 1 else None


class Backend(AuthenticationBackend):
    """One password hashed for each attempt, so that the time it takes tells nothing."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        if not settings.CONSOLE_PASSWORD_SIGN_IN:
            return None
        user = find_person(credentials.get("username") or credentials.get("email") or "")
        found = self._check_password(user, credentials["password"])
        return cast(User | None, found)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators; nobody is told which ones there are."""

    error_messages = {  # noqa: RUF012 - as in the base class
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": MISMATCH,
        "email_password_mismatch": MISMATCH,
        "incorrect_password": "This is not your password.",
        "enter_current_password": "This is not your password.",
        "too_many_login_attempts": TOO_MANY,
        "rate_limited": TOO_MANY,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """As audit entries tell it too."""
        return whence().address or NOWHERE

    def is_safe_url(self, url: str | None) -> bool:
        """Whether to go there after a sign-in: to this console alone."""
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say it in our words, or not at all."""
        if text := message or _SAID.get(message_template or ""):
            messages.add_message(request, min(level, messages.WARNING), text)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # Both names of an account count together, and so do all hosts.
        name = credentials.get("username") or credentials.get("email") or ""
        person = find_person(name)
        return f"person {person.pk}" if person else f"name {name.lower()}"

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Who this is; an account that is not active is no account."""
        user = cast(User | None, super().authenticate(request, **credentials))
        if user is None or user.is_active:
            return user
        self.authentication_failed(request, **credentials)
        return None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Keep a refused attempt."""
        person = find_person(credentials.get("username") or credentials.get("email") or "")
        events.refused(person, "password")

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """A passkey, a link or a provider vouched for an account that is not active."""
        events.refused(user, "not active")
        messages.warning(request, "This account is not active. An administrator can change that.")
        return redirect("account_login")

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """How a person can confirm who it is."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if settings.CONSOLE_PASSWORD_SIGN_IN:
            return methods
        return [method for method in methods if method["id"] != "reauthenticate"]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not for who signed in or confirmed it a moment ago, nor for who has no way to."""
        user = context.request.user
        recent = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
        records = get_authentication_records(context.request, user)
        is_recent = any(record["at"] > recent for record in records)
        return not is_recent and bool(self.get_reauthentication_methods(user))


class FactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are of no use to who reads the database alone."""

    error_messages = {  # noqa: RUF012 - as in the base class
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right, or was used before.",
    }

    def get_totp_label(self, user: Any) -> str:
        """The name in the authenticator app."""
        return str(user.get_username())

    def encrypt(self, text: str) -> str:
        """With a key that comes of the secret key."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """A secret that nobody has, if the secret key is another by now: no code is right then."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """What browsers tie passkeys to."""
        return {**super().get_public_key_credential_rp_entity(), "name": settings.MFA_TOTP_ISSUER}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002
        """For a key that its owner gives no name."""
        return "Passkey"


def _cipher() -> MultiFernet:
    keys = map(str, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    digests = (hashlib.sha256(f"second factors {key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
