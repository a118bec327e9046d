"""Links that let a person in once: to a new account, or to one whose password is lost."""

import hashlib
import secrets
from datetime import timedelta

from allauth.account.internal import flows
from allauth.account.models import Login
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from console.audit.rows import record
from console.http import Request
from console.models import OneTimeLink

#: Long enough for a weekend.
LINK_HOURS = 72


def new_link(person: User) -> str:
    """The path of a new link; the one before does not work any more."""
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(hours=LINK_HOURS)
    OneTimeLink.objects.update_or_create(
        user=person, defaults={"digest": _digest(token), "expires_at": expires_at}
    )
    return reverse("welcome", args=[token])


def person_behind(token: str) -> User | None:
    """Whom the link is for, if it still works."""
    link = OneTimeLink.objects.filter(
        digest=_digest(token), expires_at__gt=timezone.now(), user__is_active=True
    )
    found = link.select_related("user").first()
    return found.user if found else None


def entered(request: Request, token: str, password: str | None) -> HttpResponse | None:
    """Use the link up and sign the person in; None if somebody else was quicker."""
    person = person_behind(token)
    if not person or not OneTimeLink.objects.filter(digest=_digest(token)).delete()[0]:
        return None
    if password is not None:
        person.set_password(password)
        person.save(update_fields=["password"])
    for session in UserSession.objects.filter(user=person):
        session.end()
    if request.user.is_authenticated:
        flows.logout.logout(request, show_message=False)
    record("account.link-use", user=person)
    flows.login.record_authentication(request, person, method="link")
    answer: HttpResponse = flows.login.perform_login(request, Login(user=person))
    return answer


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
