"""What administrators do about people and their groups; each leaves an audit entry."""

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from console import auditing
from console.models import OneTimeLink
from console.one_time_links import new_link
from console.outcomes import Outcome
from console.permissions import Action, Role, can, record_refusal


def teams() -> Any:
    """The groups that people are put into; those that stand for a role are none."""
    return Group.objects.exclude(name__in=list(Role)).order_by("name")


def invite(by: User, person: User, groups: Iterable[Group]) -> str:
    """Make an account; the path of the link by which its owner comes in."""
    _permit(by, person)
    with transaction.atomic():
        person.set_unusable_password()
        person.save()
        person.groups.set(groups)
        link = new_link(person)
        _record(by, "invite", person, groups=sorted(group.name for group in groups))
    return link


def change(by: User, person: User, groups: Iterable[Group]) -> Outcome:
    """Keep another name, e-mail address or other groups."""
    _permit(by, person)
    with transaction.atomic():
        old = User.objects.get(pk=person.pk)
        person.save(update_fields=["email", "first_name", "last_name"])
        held = set(teams().filter(user=person))
        wanted = set(groups)
        person.groups.add(*wanted - held)
        person.groups.remove(*held - wanted)
        changed = {
            field: getattr(person, field)
            for field in ("email", "first_name", "last_name")
            if getattr(person, field) != getattr(old, field)
        }
        added, removed = wanted - held, held - wanted
        _record(
            by,
            "change",
            person,
            **changed,
            added=sorted(group.name for group in added),
            removed=sorted(group.name for group in removed),
        )
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


def save_group(by: User, group: Group, members: Iterable[User]) -> Outcome:
    """Make a group, or change its name and members."""
    _permit(by, group)
    with transaction.atomic():
        old = Group.objects.filter(pk=group.pk).first()
        group.save()
        held, wanted = set(group.user_set.all()), set(members)
        group.user_set.add(*wanted - held)
        group.user_set.remove(*held - wanted)
        names = {
            "added": sorted(person.get_username() for person in wanted - held),
            "removed": sorted(person.get_username() for person in held - wanted),
        }
        renamed = {"before": old.name} if old and old.name != group.name else {}
        _record(by, "group-change" if old else "group-create", group, **names, **renamed)
    return Outcome("success", f"The group {group} is {'changed' if old else 'made'}.")


def delete_group(by: User, group: Group) -> Outcome:
    """Delete a group; its members stay."""
    _permit(by, group)
    members = sorted(group.user_set.values_list("username", flat=True))
    _record(by, "group-delete", group, members=members)
    group.delete()
    return Outcome("success", f"The group {group} is deleted.")


def _permit(by: User, about: User | Group) -> None:
    if not can(by, Action.PEOPLE_MANAGE):
        record_refusal(by, Action.PEOPLE_MANAGE, str(about))
        raise PermissionDenied(Action.PEOPLE_MANAGE)


def _record(by: User, action: str, about: User | Group, **parameters: Any) -> None:
    told = {key: value for key, value in parameters.items() if value != []}
    auditing.record(f"people.{action}", user=by, target=str(about), parameters=told)


def _end_sessions(person: User) -> int:
    sessions = list(UserSession.objects.filter(user=person))
    for session in sessions:
        session.end()
    return len(sessions)
