"""The people of the console: who may come in at all."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from console.accounts import people
from console.accounts.browsers import sessions_of
from console.accounts.one_time_links import LINK_HOURS
from console.accounts.people_forms import InviteForm, PersonForm
from console.http import Request, redirect_with
from console.models import OneTimeLink
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.roles.permitted import permitted
from console.views.accounts import confirmed

MOST = 500
_FACTORS = ("totp", "webauthn")
managed = requires(Action.PEOPLE_MANAGE)
get_or_post = require_http_methods(["GET", "POST"])


@require_safe
@managed
def index(request: Request) -> HttpResponse:
    """Everybody, by name."""
    wanted = request.GET.get("q", "").strip()
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=_FACTORS)
    found = (
        User.objects.order_by("-is_active", "username")
        .annotate(has_factor=Exists(factor))
        .annotate(sessions=Count("usersession"))
        .prefetch_related("groups")
    )
    if wanted:
        names = ("username", "email", "first_name", "last_name", "groups__name")
        query = Q()
        for name in names:
            query |= Q(**{f"{name}__icontains": wanted})
        found = found.filter(pk__in=User.objects.filter(query).values("pk"))
    rows = list(found[: MOST + 1])
    context = {"people": [_row(person) for person in rows[:MOST]], "wanted": wanted}
    return render(request, "people/list.html", context | {"is_cut": len(rows) > MOST})


def _row(person: Any) -> dict[str, Any]:
    return {
        "person": person,
        "groups": [each.name for each in person.groups.all()],
    }


@get_or_post
@managed
@confirmed
def invite(request: Request) -> HttpResponse:
    """A new account, and the link by which its owner comes in."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        person = form.save(commit=False)
        path = people.invite(request.user, person)
        return _show_link(request, person, path)
    status = 422 if form.errors else 200
    return render(request, "people/invite.html", {"form": form}, status=status)


@require_safe
@managed
def detail(request: Request, person_id: int) -> HttpResponse:
    """One person: how and where signed in."""
    person = get_object_or_404(User, pk=person_id)
    context = {
        "person": person,
        "permitted": permitted(person),
        "teams": person.groups.order_by("name"),
        "waiting": OneTimeLink.objects.filter(user=person, expires_at__gt=timezone.now()).first(),
        "factors": Authenticator.objects.filter(user=person).order_by("type", "created_at"),
        "sessions": sessions_of(person),
    }
    return render(request, "people/detail.html", context)


@get_or_post
@managed
def edit(request: Request, person_id: int) -> HttpResponse:
    """Another name or e-mail address."""
    person = get_object_or_404(User, pk=person_id)
    form = PersonForm(request.POST if request.method == "POST" else None, instance=person)
    if form.is_valid():
        outcome = people.change(request.user, form.save(commit=False))
        return _back(request, person, outcome)
    context = {"form": form, "person": person}
    return render(request, "people/edit.html", context, status=422 if form.errors else 200)


@get_or_post
@managed
@confirmed
def link(request: Request, person_id: int) -> HttpResponse:
    """Ask whether to make a new one-time link, then show it once."""
    person = get_object_or_404(User, pk=person_id)
    if request.method == "POST" and person.is_active:
        return _show_link(request, person, people.link(request.user, person))
    return _ask(request, person, "link")


@get_or_post
@managed
@confirmed
def active(request: Request, person_id: int) -> HttpResponse:
    """Ask whether to let a person out, or in again."""
    return _acting(
        request,
        person_id,
        "active",
        lambda person: people.set_active(request.user, person, active=not person.is_active),
    )


@get_or_post
@managed
@confirmed
def factors(request: Request, person_id: int) -> HttpResponse:
    """Ask whether to take away all second factors."""
    return _acting(
        request, person_id, "factors", lambda person: people.take_factors(request.user, person)
    )


@get_or_post
@managed
def sessions(request: Request, person_id: int) -> HttpResponse:
    """Ask whether to sign a person out everywhere."""
    return _acting(
        request, person_id, "sessions", lambda person: people.end_sessions(request.user, person)
    )


def _acting(
    request: Request, person_id: int, what: str, act: Callable[[User], Outcome]
) -> HttpResponse:
    person = get_object_or_404(User, pk=person_id)
    if request.method == "POST":
        return _back(request, person, act(person))
    return _ask(request, person, what)


def _ask(request: Request, person: User, what: str) -> HttpResponse:
    return render(request, "people/act.html", {"person": person, "what": what})


def _back(request: Request, person: User, outcome: Outcome) -> HttpResponse:
    return redirect_with(request, reverse("person", args=[person.pk]), outcome.level, outcome.text)


def _show_link(request: Request, person: User, path: str) -> HttpResponse:
    context = {
        "person": person,
        "link": request.build_absolute_uri(path),
        "hours": LINK_HOURS,
    }
    return render(request, "people/link.html", context)
