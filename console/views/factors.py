"""Second factors: the authenticator app, passkeys, and recovery codes."""

import time
from typing import Any

from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import (
    can_generate_recovery_codes,
    generate_recovery_codes,
)
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import flows
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from console.accounts import events
from console.accounts.qr_code import qr_code
from console.http import Request
from console.permissions import public
from console.views.accounts import ACCOUNT, confirmed, own

#: Recovery codes can be read and kept for so long after they were made, in that session alone.
SHOWN_SECONDS = 10 * 60


class AddApp(totp.ActivateTOTPView):
    """An authenticator app, by its QR code or by hand."""

    template_name = "mfa/app.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The secret in groups of four, and the picture of it."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret = context["form"].secret
        groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return context | {"qr": qr_code(context["totp_url"]), "secret": groups}


class RemoveApp(totp.DeactivateTOTPView):
    """Take the authenticator app away."""

    template_name = "mfa/remove_app.html"

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """There may be none."""
        if not Authenticator.objects.filter(user=request.user, type="totp").exists():
            return redirect(ACCOUNT)
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer


class SignInByPasskey(webauthn.LoginWebAuthnView):
    """A passkey alone, where the device checked who uses it."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Not where accounts of this console sign in through the provider alone."""
        if not settings.CONSOLE_PASSWORD_SIGN_IN:
            return redirect("account_login")
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def form_valid(self, form: Any) -> HttpResponse:
        """Back to where one wanted to go."""
        passkey = form.cleaned_data["credential"]
        login = Login(user=passkey.user, redirect_url=get_next_redirect_url(self.request))
        answer: HttpResponse = flows.perform_passwordless_login(self.request, passkey, login)
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        """Keep a refused attempt."""
        events.refused(None, "passkey")
        messages.warning(self.request, "This passkey does not sign you in here.")
        return redirect("account_login")


class RemovePasskey(webauthn.RemoveWebAuthnView):
    """Take a passkey away."""

    template_name = "mfa/remove_passkey.html"
    success_url = ACCOUNT

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Which one."""
        parent: Any = super()
        context: dict[str, Any] = parent.get_context_data(**kwargs)
        return context | {"passkey": self.object.wrap()}


second = public(base.AuthenticateView.as_view(template_name="mfa/second.html"))
confirm_code = own(
    base.ReauthenticateView.as_view(template_name="accounts/confirm.html"), leads_to_factor=True
)
confirm_passkey = own(
    webauthn.ReauthenticateWebAuthnView.as_view(template_name="mfa/confirm_passkey.html"),
    leads_to_factor=True,
)
sign_in_by_passkey = public(SignInByPasskey.as_view())
add_app = own(AddApp.as_view(), leads_to_factor=True)
remove_app = own(RemoveApp.as_view())
add_passkey = own(
    webauthn.AddWebAuthnView.as_view(template_name="mfa/add_passkey.html"), leads_to_factor=True
)
rename_passkey = own(
    webauthn.EditWebAuthnView.as_view(template_name="mfa/rename_passkey.html", success_url=ACCOUNT)
)
remove_passkey = own(RemovePasskey.as_view())


def _codes(request: Request) -> HttpResponse:
    """Recovery codes, once after they were made; new ones take the place of the old."""
    may_make = can_generate_recovery_codes(request.user)
    if request.method == "POST" and may_make:
        generate_recovery_codes(request)
        return redirect("mfa_view_recovery_codes")
    unused = _unused(request)
    shown = unused if _are_new(request) else []
    context = {"codes": shown, "left": len(unused), "may_make": may_make}
    return render(request, "mfa/codes.html", context)


def _download(request: Request) -> HttpResponse:
    """Recovery codes as a file, as long as they are shown."""
    if not _are_new(request):
        return redirect("mfa_view_recovery_codes")
    lines = [f"Recovery codes of {request.user.get_username()} for {request.get_host()}", ""]
    return HttpResponse(
        "\n".join([*lines, *_unused(request), ""]),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="recovery-codes.txt"'},
    )


def _unused(request: Request) -> list[str]:
    found = Authenticator.objects.filter(user=request.user, type="recovery_codes").first()
    unused: list[str] = found.wrap().get_unused_codes() if found else []
    return unused


def _are_new(request: Request) -> bool:
    made = request.session.get(events.NEW_CODES, 0)
    return bool(time.time() - made < SHOWN_SECONDS)


codes = own(require_http_methods(["GET", "POST"])(confirmed(_codes)), leads_to_factor=True)
download_codes = own(require_safe(confirmed(_download)), leads_to_factor=True)
