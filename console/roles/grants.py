"""Who may do what, changed: grants given and taken, and roles of one's own; each audited."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.db.models import Q

from console.audit.rows import record
from console.models import Grant, OwnRole
from console.permissions import (
    ALLOWED,
    Action,
    Refused,
    Role,
    allowed_by,
    allowed_on,
    can,
    record_refusal,
)

#: Any number: changes of grants take turns, so that two of them cannot end the last manager.
_LOCK = 7_003
_WHO = "Nobody could manage grants any more: give that to somebody else first."


class NotGranted(Exception):
    """A grant or role stays as it is; the sentence says why."""


def actions_of(role: str) -> frozenset[str] | None:
    """What a role allows; None where there is no such role."""
    if role in ALLOWED:
        return allowed_by(role, None)
    own = OwnRole.objects.filter(name=role).first()
    return allowed_by(role, own.actions) if own else None


def role_names() -> list[str]:
    """Every role that may be granted, the built-in ones first."""
    return [*Role, *OwnRole.objects.values_list("name", flat=True)]


def give(user: User, holder: User | Group, role: str, system: str) -> Grant:
    """Grant a role on a system, or on all (``*``). Raises :class:`NotGranted`."""
    grant = _grant(holder, role, system)
    with changing(user, Action.GRANT_MANAGE, f"{grant.holder}: {grant}") as person:
        assert_own(person, role, system)
        found, is_new = Grant.objects.get_or_create(
            user=grant.user, group=grant.group, role=role, system=system
        )
        if is_new:
            _record(user, "grant.give", grant)
    return found


def take(user: User, grant: Grant) -> None:
    """Take a grant away. Raises :class:`NotGranted`, also for the last of those who manage them."""
    with changing(user, Action.GRANT_MANAGE, f"{grant.holder}: {grant}") as person:
        assert_own(person, grant.role, grant.system)
        if Grant.objects.filter(pk=grant.pk).delete()[0]:
            assert_managed()
            _record(user, "grant.take", grant)


def save_role(user: User, name: str, description: str, actions: list[str]) -> OwnRole:
    """Make a role, or change what it allows. Raises :class:`NotGranted`."""
    with changing(user, Action.ROLE_MANAGE, f"role {name}") as person:
        own, is_new = OwnRole.objects.get_or_create(name=name)
        before = {} if is_new else {"description": own.description, "actions": own.actions}
        changed = frozenset(own.actions) ^ frozenset(actions)
        if lacking := changed - allowed_on(person, Grant.EVERY):
            raise NotGranted(f"You have not yourself on all systems: {', '.join(sorted(lacking))}.")
        own.description, own.actions = description, sorted(actions)
        own.save()
        assert_managed()
        after = {"description": own.description, "actions": own.actions}
        difference = {
            key: {"before": before.get(key), "after": value}
            for key, value in after.items()
            if before.get(key) != value
        }
        if difference:
            word = "role.create" if is_new else "role.edit"
            record(word, user=user, target=f"role {name}", parameters=difference)
    return own


def delete_role(user: User, own: OwnRole) -> None:
    """Delete a role that nobody has. Raises :class:`NotGranted`."""
    with changing(user, Action.ROLE_MANAGE, f"role {own.name}"):
        if Grant.objects.filter(role=own.name).exists():
            raise NotGranted("Somebody has this role. Take it away first.")
        before = {"description": own.description, "actions": own.actions}
        own.delete()
        record("role.delete", user=user, target=f"role {own.name}", parameters={"before": before})


def set_role(holder: User, role: str | None, system: str) -> None:
    """Give a person one role on a system in place of all others there, at the command line."""
    with transaction.atomic():
        before = Grant.objects.filter(user=holder, system=system)
        for grant in before.exclude(role=role or ""):
            _record(None, "grant.take", grant)
            grant.delete()
        if role and not before.exists():
            _record(None, "grant.give", Grant.objects.create(user=holder, role=role, system=system))


def managers() -> int:
    """How many active people may manage grants."""
    own = OwnRole.objects.filter(actions__contains=[Action.GRANT_MANAGE]).values("name")
    grants = Grant.objects.filter(
        Q(role=Role.ADMINISTRATOR) | Q(role__in=own), system=Grant.EVERY
    ).order_by()
    has = Q(pk__in=grants.values("user")) | Q(groups__in=grants.exclude(group=None).values("group"))
    active = User.objects.filter(is_active=True)
    return active.filter(Q(is_superuser=True) | has).distinct().count()


@contextmanager
def changing(user: User, action: Action, target: str) -> Iterator[User]:
    """Authorise, and take turns; the permission is looked up anew in the turn."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        person = User.objects.get(pk=user.pk)
        is_allowed = can(person, action)
        if is_allowed:
            yield person
    if not is_allowed:
        record_refusal(user, action, target)
        raise Refused(action)


def assert_own(person: User, role: str, system: str) -> None:
    """Nobody gives or takes more than they have themselves."""
    actions = actions_of(role)
    if actions is None:
        raise NotGranted(f"There is no role {role}.")
    lacking = actions - allowed_on(person, system)
    if lacking:
        names = ", ".join(sorted(lacking))
        raise NotGranted(f"{role} holds more than you have yourself there: {names}.")


def assert_managed() -> None:
    """Raise :class:`NotGranted` if nobody could manage grants any more."""
    if not managers():
        raise NotGranted(_WHO)


def _grant(holder: User | Group, role: str, system: str) -> Grant:
    if isinstance(holder, User):
        return Grant(user=holder, role=role, system=system)
    return Grant(group=holder, role=role, system=system)


def _record(user: User | None, word: str, grant: Grant) -> None:
    parameters: dict[str, Any] = {"role": grant.role, "system": grant.system}
    by = {"user": user} if user else {"username": "command line"}
    record(word, target=grant.holder, parameters=parameters, **by)
