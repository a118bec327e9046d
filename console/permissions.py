"""Every action named once, the roles that may do it, and who has which role where.

What a person may do on a system is asked of the grants once a request. A view without
``@requires`` or ``@public`` is served to nobody: the middleware refuses it.
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.auth.models import User as AuthUser
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpResponseBase

from console.audit.rows import begin
from console.http import Request
from console.models import AuditEntry, Grant
from console.roles.action_words import WORDS
from console.systems import Access, System, all_systems, serving

P = ParamSpec("P")
View: TypeAlias = Callable[Concatenate[Request, P], HttpResponseBase]
AnyView = TypeVar("AnyView", bound=Callable[..., object])
User: TypeAlias = AbstractBaseUser | AnonymousUser


class Action(StrEnum):
    """What a person may do, as audit entries spell it."""

    CONSOLE_USE = "console.use"
    WORKFLOW_READ = "workflow.read"
    WORKFLOW_ENQUEUE = "workflow.enqueue"
    WORKFLOW_DEBOUNCE = "workflow.debounce"
    WORKFLOW_SEND = "workflow.send"
    WORKFLOW_CANCEL = "workflow.cancel"
    WORKFLOW_RESUME = "workflow.resume"
    WORKFLOW_FORK = "workflow.fork"
    WORKFLOW_DELAY = "workflow.delay"
    WORKFLOW_PRIORITY = "workflow.priority"
    #: There is no way back from it, so it is for administrators.
    WORKFLOW_DELETE = "workflow.delete"
    WORKFLOW_BULK = "workflow.bulk"
    WORKFLOW_EXPORT = "workflow.export"
    SCHEDULE_EDIT = "schedule.edit"
    SCHEDULE_TRIGGER = "schedule.trigger"
    SCHEDULE_BACKFILL = "schedule.backfill"
    SCHEDULE_APPLY = "schedule.apply"
    #: There is no way back from it either, so a set is applied by others without pruning.
    SCHEDULE_DELETE = "schedule.delete"
    QUEUE_EDIT = "queue.edit"
    #: Runs that wait on it are left to nobody, so it is for administrators.
    QUEUE_DELETE = "queue.delete"
    PAYLOAD_REVEAL = "payload.reveal"
    VIEW_SAVE = "view.save"
    VIEW_SHARE = "view.share"
    VIEW_FORGET = "view.forget"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"
    ROLE_MANAGE = "role.manage"
    #: It gives no more than its person has.
    GRANT_MANAGE = "grant.manage"
    PEOPLE_MANAGE = "people.manage"


class Role(StrEnum):
    """The roles that there always are."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


_READS = frozenset(
    {Action.CONSOLE_USE, Action.WORKFLOW_READ, Action.WORKFLOW_EXPORT, Action.VIEW_SAVE}
)
_WRITES = frozenset(
    {
        Action.WORKFLOW_ENQUEUE,
        Action.WORKFLOW_DEBOUNCE,
        Action.WORKFLOW_SEND,
        Action.WORKFLOW_CANCEL,
        Action.WORKFLOW_RESUME,
        Action.WORKFLOW_FORK,
        Action.WORKFLOW_BULK,
        Action.WORKFLOW_DELAY,
        Action.WORKFLOW_PRIORITY,
        Action.SCHEDULE_EDIT,
        Action.SCHEDULE_TRIGGER,
        Action.SCHEDULE_BACKFILL,
        Action.SCHEDULE_APPLY,
        Action.QUEUE_EDIT,
        Action.PAYLOAD_REVEAL,
        Action.VIEW_SHARE,
    }
)
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.VIEWER: _READS,
    Role.OPERATOR: _READS | _WRITES,
    Role.ADMINISTRATOR: frozenset(Action),
}


#: What holds for the console itself, and so only where it is granted on all systems.
CONSOLE_WIDE = frozenset({Action.ROLE_MANAGE, Action.GRANT_MANAGE, Action.PEOPLE_MANAGE})
#: What a person may do who may do it on any system; their pages show those alone.
ANYWHERE = frozenset({Action.CONSOLE_USE, Action.AUDIT_READ, Action.AUDIT_EXPORT})
#: What changes a system database, so that none may do it where that is read-only.
WRITES = frozenset(
    action
    for action in Action
    if action.partition(".")[0] in ("workflow", "schedule", "queue")
    and action not in (Action.WORKFLOW_READ, Action.WORKFLOW_EXPORT)
)

#: The roles that a person has on a system, or on all (``*``), and what they allow.
Held: TypeAlias = Mapping[str, Mapping[str, frozenset[str]]]


# Asked by every page: written out, it takes a fifth of the time that the ORM needs to compose it.
_GRANTED = """
SELECT console_grant.system, console_grant.role, console_ownrole.actions
FROM console_grant LEFT JOIN console_ownrole ON console_ownrole.name = console_grant.role
WHERE console_grant.user_id = %(user)s
   OR console_grant.group_id IN (SELECT group_id FROM auth_user_groups WHERE user_id = %(user)s)
ORDER BY console_grant.role"""


def held_by(user: User) -> Held:
    """Everything granted to a person, also by teams.

    A page asks many times, so it is looked up once for each ``user`` object: once a request.
    """
    if not hasattr(user, "_console_grants"):
        user._console_grants = _held_by(user)  # type: ignore[union-attr]
    held: Held = user._console_grants  # type: ignore[union-attr]
    return held


def _held_by(user: User) -> Held:
    return granted_to(user) if isinstance(user, AbstractUser) and user.is_active else {}


def granted_to(user: AbstractUser) -> Held:
    """What a person holds, or would hold with an account that is active."""
    if user.is_superuser:
        return {Grant.EVERY: {Role.ADMINISTRATOR: ALLOWED[Role.ADMINISTRATOR]}}
    held: dict[str, dict[str, frozenset[str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GRANTED, {"user": user.pk})
        for system, role, actions in cursor.fetchall():
            own = None if actions is None else json.loads(actions)
            held.setdefault(system, {})[role] = allowed_by(role, own)
    return held


def allowed_by(role: str, actions: list[str] | None) -> frozenset[str]:
    """What a role allows; ``actions`` are those of a role of one's own.

    Whoever may do anything may use the console and look.
    """
    if role in ALLOWED:
        return ALLOWED[Role(role)]
    return frozenset({Action.CONSOLE_USE, *actions}) if actions is not None else frozenset()


def roles_on(user: User, system_name: str) -> list[str]:
    """The names of the roles that a person has on a system."""
    held = held_by(user)
    return sorted({*held.get(Grant.EVERY, {}), *held.get(system_name, {})})


def allowed_on(user: User, system_name: str) -> frozenset[str]:
    """What a person's roles allow on a system."""
    held = held_by(user)
    roles = [*held.get(Grant.EVERY, {}).values(), *held.get(system_name, {}).values()]
    return frozenset[str]().union(*roles)


def is_administrator(user: User) -> bool:
    """Whether a person administers any system, or manages people, roles or grants."""
    held = held_by(user)
    is_named = any(Role.ADMINISTRATOR in roles for roles in held.values())
    return is_named or bool(allowed_on(user, Grant.EVERY) & CONSOLE_WIDE)


def may_more(user: AbstractUser, other: User) -> bool:
    """Whether a person may do anything anywhere that another may not, were the account active."""
    return any(
        actions - allowed_on(other, place)
        for place, roles in granted_to(user).items()
        for actions in roles.values()
    )


def why_not(user: User, action: Action, system: System) -> str:
    """Why a person may not do this on a system, in a sentence; empty for who may."""
    where = Grant.EVERY if action in CONSOLE_WIDE else system.name
    if action not in allowed_on(user, where):
        doing = WORDS[action].doing
        return f"Your role on {system.title} does not include {doing}."
    if system.is_read_only and action in WRITES:
        return f"{system.title} is read-only in this console."
    return ""


def can(user: User, action: Action, system: System | None = None) -> bool:
    """Whether a person may do this on a system; without one, as far as the console goes.

    To use the console or to read the audit log is to have that on any system.
    """
    if system is not None:
        return not why_not(user, action, system)
    if action in ANYWHERE:
        return bool(systems_for(user, action))
    return action in allowed_on(user, Grant.EVERY)


def systems_for(user: User, action: Action) -> frozenset[str]:
    """The names of the systems on which a person may do this."""
    return frozenset(name for name in all_systems() if action in allowed_on(user, name))


def seen_by(user: User) -> list[System]:
    """The systems that a person may know of."""
    names = systems_for(user, Action.CONSOLE_USE)
    return [system for name, system in all_systems().items() if name in names]


def record_refusal(user: AuthUser, action: Action, target: str, system: str = "") -> None:
    """Keep that a person tried a write that the role does not allow."""
    begin(
        user=user,
        system=system,
        action=action,
        target=target,
        outcome=AuditEntry.Outcome.REFUSED,
    )


def requires(action: Action) -> Callable[[View[P]], View[P]]:
    """Serve the view only to people who may do this on its system; the others get 403.

    A system that a person may do nothing on is no page to that person. Within the view, the
    system's client does what the request may do: a safe one reads, and PostgreSQL sees to that.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            system = kwargs.get("system")
            if not isinstance(system, System):
                if not can(request.user, action):
                    _refuse(request, action)
                return view(request, *args, **kwargs)
            if system not in seen_by(request.user) or why_not(request.user, action, system):
                _refuse(request, action, system)
            with serving(system, _access(request)):
                response = view(request, *args, **kwargs)
            if request.method not in SAFE and system.read_url:
                _stay_near(request, response, system)
            return response

        checked.rule = action  # type: ignore[attr-defined]
        return cast(View[P], checked)

    return decorate


SAFE = ("GET", "HEAD", "OPTIONS")
#: For so long after a write its person reads where it was made, whatever the replica's lag.
NEAR_SECONDS = 60
_NEAR_COOKIE = "console_near"


def _access(request: Request) -> Access:
    if request.method not in SAFE:
        return Access.WRITE
    return Access.READ if _NEAR_COOKIE in request.COOKIES else Access.READ_ANYWHERE


def _stay_near(request: Request, response: HttpResponseBase, system: System) -> None:
    response.set_cookie(
        _NEAR_COOKIE,
        "1",
        max_age=NEAR_SECONDS,
        path=f"/s/{system.name}/",
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )


def _refuse(request: Request, action: Action, system: System | None = None) -> None:
    """Keep a write that was refused, and say no; of a system that is not to be known, nothing."""
    if request.method not in SAFE:
        record_refusal(request.user, action, request.path, system.name if system else "")
    if system and system not in seen_by(request.user):
        raise Http404(system.name)
    raise Refused(action, why_not(request.user, action, system) if system else "")


class Refused(PermissionDenied):
    """A person may not do this; ``reason`` says why in a sentence, where there is more to say."""

    def __init__(self, action: Action, reason: str = "") -> None:
        super().__init__(action)
        self.reason = reason


def public(view: AnyView) -> AnyView:
    """Serve the view to anybody."""
    view.rule = "public"  # type: ignore[attr-defined]
    return view
