"""Every action named once, the roles that may do it, and the check that views declare.

A view without ``@requires`` or ``@public`` is served to nobody: the middleware refuses it.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar, cast

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.auth.models import User as AuthUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.utils import timezone

from console.http import Request
from console.models import AuditEntry
from console.systems import System

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
    PEOPLE_MANAGE = "people.manage"


class Role(StrEnum):
    """What a person is; kept as the name of the Django group that the person is in."""

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


def role_of(user: User) -> Role | None:
    """The highest role of a signed-in person; a superuser is an administrator.

    A page asks many times, so it is looked up once for each ``user`` object: once a request.
    """
    if not hasattr(user, "_console_role"):
        user._console_role = _role_of(user)  # type: ignore[union-attr]
    role: Role | None = user._console_role  # type: ignore[union-attr]
    return role


def _role_of(user: User) -> Role | None:
    if not isinstance(user, AbstractUser) or not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMINISTRATOR
    held = set(user.groups.values_list("name", flat=True))
    return next((role for role in reversed(Role) if role in held), None)


def can(user: User, action: Action, system: System | None = None) -> bool:
    """Whether a person may do this. Roles hold on every system, until there are grants."""
    role = role_of(user)
    return role is not None and action in ALLOWED[role]


def requires(action: Action) -> Callable[[View[P]], View[P]]:
    """Serve the view only to people who may do this; the others get 403."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not can(request.user, action):
                if request.method == "POST":
                    record_refusal(request.user, action, request.path)
                raise PermissionDenied(action)
            return view(request, *args, **kwargs)

        checked.rule = action  # type: ignore[attr-defined]
        return cast(View[P], checked)

    return decorate


def record_refusal(user: AuthUser, action: Action, target: str, system: str = "") -> None:
    """Keep that a person tried a write that the role does not allow."""
    AuditEntry.objects.create(
        user=user,
        username=user.get_username(),
        system=system,
        action=action,
        target=target,
        outcome=AuditEntry.Outcome.REFUSED,
        completed_at=timezone.now(),
    )


def public(view: AnyView) -> AnyView:
    """Serve the view to anybody."""
    view.rule = "public"  # type: ignore[attr-defined]
    return view
