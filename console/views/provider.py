"""Sign-in through the provider of OpenID Connect."""

from http import HTTPStatus
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

from console.accounts import oidc
from console.http import Request
from console.permissions import public


@public
@require_POST
def start(request: Request) -> HttpResponse:
    """Go to the provider."""
    if not settings.CONSOLE_OIDC_ISSUER:
        raise Http404
    provider = oidc.ProviderAdapter().get_provider(request, oidc.provider_id())
    try:
        answer: Any = provider.redirect(request, "login", next_url=get_next_redirect_url(request))
    except (RequestException, ValueError, KeyError) as error:
        return _away(request, error)
    if answer.status_code != HTTPStatus.FOUND:
        return answer  # type: ignore[no-any-return]
    # A redirect would be a part of the form's way, which may not leave this console.
    return render(request, "accounts/to_provider.html", {"url": answer.url})


@public
@require_safe
def callback(request: Request) -> HttpResponse:
    """Come back from the provider."""
    if not settings.CONSOLE_OIDC_ISSUER:
        raise Http404
    view = OAuth2CallbackView.adapter_view(oidc.Exchange(request, oidc.provider_id()))
    try:
        answer: HttpResponse = view(request)
    except (RequestException, ValueError, KeyError, TypeError) as error:
        return _away(request, error)
    return answer


def _away(request: Request, error: Exception) -> HttpResponse:
    """The provider does not answer, or not as it should."""
    refusal: ImmediateHttpResponse = oidc.refused(request, None, f"provider: {error}"[:300])
    answer: HttpResponse = refusal.response
    return answer
