"""Sign-in through a provider of OpenID Connect: who may come in, and as whom.

On top of django-allauth: PKCE and a nonce always, the signature of the ID token checked though it
came from the provider itself, and nothing of the request decides what is asked of the provider.
"""

import base64
import hashlib
from typing import Any, cast

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse

from console.accounts import events
from console.audit.rows import record


def provider_id() -> str:
    """Of the configured provider: another one's people are other people."""
    return "oidc-" + hashlib.sha256(settings.CONSOLE_OIDC_ISSUER.encode()).hexdigest()[:16]


def nonce_of(verifier: str) -> str:
    """The nonce of a sign-in, from the secret that its session keeps for PKCE."""
    digest = hashlib.sha256(f"nonce {verifier}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Provider(OpenIDConnectProvider):
    """The configured provider."""

    def get_pkce_params(self) -> dict[str, Any]:
        """The challenge, and with it the nonce."""
        challenge = generate_code_challenge()
        return {**challenge, "nonce": nonce_of(challenge["code_verifier"])}

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Where to go afterwards, and nothing else of what the request says."""
        asked = super().get_redirect_from_request_kwargs(request)
        return {"process": AuthProcess.LOGIN, "next_url": asked.get("next_url")}

    def get_oauth2_adapter(self, request: HttpRequest) -> "Exchange":
        """What talks to the provider."""
        return Exchange(request, provider_id())


class Exchange(OpenIDConnectOAuth2Adapter):
    """One sign-in with the provider."""

    _verifier = ""

    @property
    def basic_auth(self) -> bool:  # type: ignore[override]
        """How the console shows that it is itself: as the standard has it, where that is taken."""
        told = self.openid_config.get("token_endpoint_auth_methods_supported")
        return told is None or "client_secret_basic" in told

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """The same for every provider."""
        return str(build_absolute_uri(request, reverse("openid_connect_callback")))

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: Any = None
    ) -> Any:
        """Remember what the nonce was made of."""
        self._verifier = pkce_code_verifier or ""
        return super().get_access_token_data(request, app, client, pkce_code_verifier)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Who signed in, if both answers are about the same person and this very sign-in."""
        encoded = kwargs["response"].get("id_token")
        if not encoded:
            raise OAuth2Error("The provider sent no ID token.")
        claims = self._decode_id_token(app, encoded)
        if claims.get("nonce") != nonce_of(self._verifier):
            raise OAuth2Error("The nonce is another.")
        has_more = "userinfo_endpoint" in self.openid_config
        told = self._fetch_user_info(token.token) if has_more else {}
        if told and told.get("sub") != claims["sub"]:
            raise OAuth2Error("The provider tells of another person.")
        provider = ProviderAdapter().get_provider(request, self.provider_id)
        return provider.sociallogin_from_response(request, {**claims, **told})

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=settings.CONSOLE_OIDC_ISSUER,
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims


class ProviderAdapter(DefaultSocialAccountAdapter):
    """Who may come in, and as whom."""

    def get_provider(self, request: Any, provider: str, client_id: Any = None) -> Provider:
        """The one of the settings; none is configured in the database."""
        app = SocialApp(
            provider="openid_connect",
            provider_id=provider_id(),
            name=settings.CONSOLE_OIDC_NAME,
            client_id=settings.CONSOLE_OIDC_CLIENT_ID,
            secret=settings.CONSOLE_OIDC_CLIENT_SECRET,
            settings={
                "server_url": settings.CONSOLE_OIDC_ISSUER.rstrip("/"),
                "scope": settings.CONSOLE_OIDC_SCOPES,
            },
        )
        return Provider(request, app=app)

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Refuse who may not come in, and find whom the provider means."""
        claims = sociallogin.account.extra_data
        if why := refusal(claims):
            raise refused(request, sociallogin.user if sociallogin.is_existing else None, why)
        if not sociallogin.is_existing:
            self._connect(request, sociallogin, claims)
        if sociallogin.is_existing:
            take_groups(cast(User, sociallogin.user), claims)

    def _connect(
        self, request: HttpRequest, sociallogin: SocialLogin, claims: dict[str, Any]
    ) -> None:
        email, is_verified = str(claims.get("email") or ""), claims.get("email_verified") is True
        known = list(User.objects.filter(email__iexact=email)[:2]) if email else []
        if known and not is_verified:
            # Whoever can write an address into a profile would be that person.
            raise refused(request, None, "e-mail of another account, not verified")
        if known:
            provider = sociallogin.account.provider
            linked = SocialAccount.objects.filter(user__in=known, provider=provider)
            if len(known) > 1 or linked.exists():
                raise refused(request, None, "e-mail of another person's account")
            sociallogin.connect(request, known[0])
            record("account.provider-connect", user=known[0])
        elif not settings.CONSOLE_OIDC_CREATE:
            raise refused(request, None, "nobody was invited with this e-mail")
        elif not is_verified:
            cast(User, sociallogin.user).email = ""
        sociallogin.email_addresses = []

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Everybody who came so far."""
        return bool(settings.CONSOLE_OIDC_CREATE)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> Any:
        """Make the account at the first sign-in."""
        user = super().save_user(request, sociallogin, form)
        record("people.create", user=user, target=user.get_username(), detail="by the provider")
        take_groups(user, sociallogin.account.extra_data)
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        """Back to the sign-in page; the audit log has the reason."""
        why = str(exception or error or "unknown")
        raise refused(request, None, f"provider: {why}"[:300])


def refusal(claims: dict[str, Any]) -> str:
    """Why a person of the provider may not come in; empty if that is fine."""
    allowed = settings.CONSOLE_OIDC_ALLOWED_GROUPS
    if allowed and not groups_of(claims).intersection(allowed):
        return "in none of the groups that may come in"
    domains = [domain.lower() for domain in settings.CONSOLE_OIDC_EMAIL_DOMAINS]
    if not domains:
        return ""
    domain = str(claims.get("email") or "").rpartition("@")[2].lower()
    if claims.get("email_verified") is not True or domain not in domains:
        return "no verified e-mail of a domain that may come in"
    return ""


def groups_of(claims: dict[str, Any]) -> set[str]:
    """The person's groups as the provider has them; one may be told without a list."""
    told = claims.get(settings.CONSOLE_OIDC_GROUPS_CLAIM) or []
    return {str(group) for group in ([told] if isinstance(told, str) else told)}


def take_groups(user: User, claims: dict[str, Any]) -> None:
    """Put the person into our groups as the provider's say; others stay as they are."""
    theirs = groups_of(claims)
    ours = settings.CONSOLE_OIDC_GROUPS
    wanted = {name for their, name in ours.items() if their in theirs}
    held = set(user.groups.filter(name__in=set(ours.values())).values_list("name", flat=True))
    for name in wanted - held:
        user.groups.add(Group.objects.get_or_create(name=name)[0])
    user.groups.remove(*Group.objects.filter(name__in=held - wanted))
    if wanted != held:
        change = {"added": sorted(wanted - held), "removed": sorted(held - wanted)}
        target = user.get_username()
        record("people.groups", user=user, target=target, parameters=change, detail="provider")


def refused(request: HttpRequest, user: Any, why: str) -> ImmediateHttpResponse:
    """Back to the sign-in page, which says no more than that."""
    events.refused(user, why, by="provider")
    name = settings.CONSOLE_OIDC_NAME
    text = f"{name} did not get you in. An administrator finds the reason in the audit log."
    messages.warning(request, text)
    return ImmediateHttpResponse(redirect("account_login"))
