"""What administrators do about people; each leaves an audit entry."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction

from console.accounts.one_time_links import new_link
from console.audit.rows import record
from console.models import OneTimeLink
from console.outcomes import Outcome
from console.permissions import Action, Refused, can, may_more, record_refusal


def invite(by: User, person: User) -> str:
    """Make an account; the path of the link by which its owner comes in."""
    _permit(by, person)
    with transaction.atomic():
        person.set_unusable_password()
        person.save()
        link = new_link(person)
        _record(by, "invite", person)
    return link


def change(by: User, person: User) -> Outcome:
    """Keep another name or e-mail address."""
    _permit(by, person)
    fields = ("email", "first_name", "last_name")
    with transaction.atomic():
        old = User.objects.get(pk=person.pk)
        person.save(update_fields=fields)
        pairs = {field: [getattr(old, field), getattr(person, field)] for field in fields}
        changed = {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
        _record(by, "change", person, **changed)
    return Outcome("success", f"{person} is changed.")


def link(by: User, person: User) -> str:
    """The path of a new one-time link; the password that the person had still works until then."""
    _permit(by, person)
    path = new_link(person)
    _record(by, "link", person)
    return path


def set_active(by: User, person: User, *, active: bool) -> Outcome:
    """Let a person in again, or out at once: sessions and links end with it.

    Nobody does that to themselves, so that an administrator stays.
    """
    _permit(by, person)
    with transaction.atomic():
        # Two who deactivate each other come here one after the other.
        people = User.objects.select_for_update().order_by("pk").filter(pk__in=[by.pk, person.pk])
        if by == person or not any(each == by and each.is_active for each in people):
            return Outcome("warning", "Nobody deactivates their own account. Nothing was done.")
        person.is_active = active
        person.save(update_fields=["is_active"])
        if not active:
            _end_sessions(person)
            OneTimeLink.objects.filter(user=person).delete()
        _record(by, "activate" if active else "deactivate", person)
    done = "is active again" if active else "is deactivated, and signed out everywhere"
    return Outcome("success", f"{person} {done}.")


def take_factors(by: User, person: User) -> Outcome:
    """Take away second factors that are lost, and end what was signed in with them."""
    _permit(by, person)
    with transaction.atomic():
        factors = Authenticator.objects.filter(user=person)
        kinds = sorted(factors.values_list("type", flat=True))
        factors.delete()
        _end_sessions(person)
        _record(by, "take-factors", person, factors=kinds)
    return Outcome("success", f"{person} has no second factor any more, and is signed out.")


def end_sessions(by: User, person: User) -> Outcome:
    """Sign a person out everywhere."""
    _permit(by, person)
    count = _end_sessions(person)
    _record(by, "end-sessions", person, sessions=count)
    return Outcome("success", f"{person} is signed out everywhere.")


def _permit(by: User, person: User) -> None:
    """Nobody manages the account of somebody who may more: a link to it would be theirs."""
    action = Action.PEOPLE_MANAGE
    reason = ""
    if can(by, action) and person.pk and may_more(person, by):
        reason = f"{person} may do more than you, so that others manage this account."
    if reason or not can(by, action):
        record_refusal(by, action, str(person))
        raise Refused(action, reason)


def _record(by: User, action: str, about: User, **parameters: Any) -> None:
    told = {key: value for key, value in parameters.items() if value != []}
    record(f"people.{action}", user=by, target=str(about), parameters=told)


def _end_sessions(person: User) -> int:
    sessions = list(UserSession.objects.filter(user=person))
    for session in sessions:
        session.end()
    return len(sessions)
