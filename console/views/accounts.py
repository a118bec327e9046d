"""Signing in and out, and the page of one's own account."""

from collections.abc import Callable
from typing import Any

from allauth.account import views
from allauth.account.decorators import reauthentication_required
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.accounts.browsers import sessions_of
from console.accounts.forms import FirstPasswordForm
from console.accounts.one_time_links import entered, person_behind
from console.accounts.second_factor import is_lacking
from console.audit.rows import record
from console.http import Request
from console.permissions import Action, public, requires

AnyView = Callable[..., HttpResponseBase]
ACCOUNT = reverse_lazy("mfa_index")


def confirmed(view: AnyView) -> AnyView:
    """Ask who does this to confirm it, unless that was a moment ago."""
    asking: Any = reauthentication_required(app="allauth.mfa")
    asked: AnyView = asking(view)
    return asked


def own(view: Any, *, leads_to_factor: bool = False) -> AnyView:
    """A page of the own account; some are there for who still has to set up a second factor."""
    ruled: Any = requires(Action.CONSOLE_USE)(view)
    ruled.leads_to_factor = leads_to_factor
    return ruled  # type: ignore[no-any-return]


class SignIn(views.LoginView):
    """By password, where that is allowed, by passkey, or through the provider."""

    template_name = "accounts/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What ways there are."""
        return super().get_context_data(**kwargs) | {
            "next": get_next_redirect_url(self.request) or "",
            "by_password": settings.CONSOLE_PASSWORD_SIGN_IN,
            "provider": settings.CONSOLE_OIDC_ISSUER and settings.CONSOLE_OIDC_NAME,
        }


class ChangePassword(views.PasswordChangeView):
    """A new password, for who knows the old one."""

    template_name = "accounts/password.html"
    success_url = ACCOUNT

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who signs in through the provider has none to change."""
        if not (request.user.has_usable_password() and settings.CONSOLE_PASSWORD_SIGN_IN):
            messages.warning(request, "You have no password here: you sign in another way.")
            return redirect(ACCOUNT)
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer


login = public(SignIn.as_view())
logout = public(require_POST(views.LogoutView.as_view()))
change_password = own(ChangePassword.as_view())
confirm = own(
    views.ReauthenticateView.as_view(template_name="accounts/confirm.html"), leads_to_factor=True
)


@require_safe
def _detail(request: Request) -> HttpResponse:
    """How one signs in, and where one is signed in."""
    factors = Authenticator.objects.filter(user=request.user).order_by("created_at")
    codes = factors.filter(type=Authenticator.Type.RECOVERY_CODES).first()
    context = {
        "app": factors.filter(type=Authenticator.Type.TOTP).first(),
        "passkeys": [each.wrap() for each in factors if each.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "sessions": sessions_of(request.user),
        "by_password": settings.CONSOLE_PASSWORD_SIGN_IN and request.user.has_usable_password(),
        "is_lacking": is_lacking(request),
    }
    return render(request, "accounts/detail.html", context)


detail = own(_detail, leads_to_factor=True)


@require_http_methods(["GET", "POST"])
@requires(Action.CONSOLE_USE)
def end_sessions(request: Request) -> HttpResponse:
    """End one session of one's own, or all but this one; the page with them is another."""
    if request.method == "GET":
        return redirect(ACCOUNT)
    sessions = UserSession.objects.filter(user=request.user)
    if (wanted := request.POST.get("session", "")).isdecimal():
        sessions = sessions.filter(pk=int(wanted[:18]))
    ended = [each for each in sessions if not each.is_current()]
    for each in ended:
        each.end()
    if ended:
        record("account.session-end", user=request.user, parameters={"sessions": len(ended)})
        messages.success(request, f"{len(ended)} session{'s' * (len(ended) != 1)} ended.")
    return redirect(ACCOUNT)


@public
def welcome(request: Request, token: str) -> HttpResponse:
    """A person comes by a one-time link, chooses a password, and is signed in."""
    person = person_behind(token)
    if person is None:
        return render(request, "accounts/no_link.html", status=404)
    by_password = settings.CONSOLE_PASSWORD_SIGN_IN
    form = FirstPasswordForm(request.POST if request.method == "POST" else None, person)
    if request.method == "POST" and (not by_password or form.is_valid()):
        password = form.cleaned_data["password1"] if by_password else None
        if answer := entered(request, token, password):
            return answer
        return render(request, "accounts/no_link.html", status=404)
    context = {"form": form, "person": person, "by_password": by_password}
    status = 422 if form.errors else 200
    return render(request, "accounts/welcome.html", context, status=status)
