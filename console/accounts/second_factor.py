"""Whether a person must have a second factor, and lacks it."""

from allauth.mfa.models import Authenticator
from django.conf import settings

from console.http import Request
from console.permissions import is_administrator

#: In a session whose person was found to have one.
HAS_FACTOR = "console_has_factor"
_KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_demanded(request: Request) -> bool:
    """Whether the settings demand one of this person."""
    if settings.CONSOLE_REQUIRE_MFA == "administrators":
        return is_administrator(request.user)
    return bool(settings.CONSOLE_REQUIRE_MFA == "everybody")


def is_lacking(request: Request) -> bool:
    """Whether it is demanded and not there; looked up once in a session that has it."""
    if not is_demanded(request) or request.session.get(HAS_FACTOR):
        return False
    held = Authenticator.objects.filter(user=request.user, type__in=_KINDS).exists()
    if held:
        request.session[HAS_FACTOR] = True
    return not held
