"""Roles: the built-in ones, and those made of named actions."""

from typing import Any, NamedTuple

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from console.http import Request
from console.models import Grant, OwnRole
from console.permissions import Action, Role, allowed_by, requires
from console.roles import grants
from console.roles.action_words import WORDS, Words
from console.roles.forms import RoleForm
from console.views.acts import changed
from console.views.common import render_form

#: What each built-in role is for.
_BUILT_IN = {
    Role.VIEWER: "Looks at everything, with secrets masked, and takes lists away.",
    Role.OPERATOR: "Also starts, stops and changes runs, schedules, queues; reveals secrets.",
    Role.ADMINISTRATOR: "Also deletes, reads the audit log, and manages people, roles and grants.",
}
#: Holders of a role that its row names.
_MOST_NAMED = 5


class RoleRow(NamedTuple):
    """A role as the list shows it."""

    name: str
    description: str
    actions: list[tuple[str, Words]]
    is_own: bool
    holders: list[Grant]
    held_by: int


@require_safe
@requires(Action.ROLE_MANAGE)
def index(request: Request) -> HttpResponse:
    """Every role, what it allows, and who holds it."""
    rows = [_row(role, text, None) for role, text in _BUILT_IN.items()]
    rows += [_row(own.name, own.description, own) for own in OwnRole.objects.all()[:200]]
    return render(request, "roles/list.html", {"rows": rows})


def _row(name: str, description: str, own: OwnRole | None) -> RoleRow:
    allowed = allowed_by(name, own.actions if own else None)
    held = Grant.objects.filter(role=name).select_related("user", "group").order_by("id")
    holders = list(held[:_MOST_NAMED])
    count = held.count() if len(holders) == _MOST_NAMED else len(holders)
    actions = [(action.value, WORDS[action]) for action in Action if action in allowed]
    return RoleRow(name, description, actions, own is not None, holders, count)


@require_http_methods(["GET", "POST"])
@requires(Action.ROLE_MANAGE)
def create(request: Request) -> HttpResponse:
    """Make a role."""
    return _form(request, RoleForm(request.POST if request.method == "POST" else None))


@require_http_methods(["GET", "POST"])
@requires(Action.ROLE_MANAGE)
def edit(request: Request, role_name: str) -> HttpResponse:
    """Change what a role allows; those who hold it have it at once."""
    own = get_object_or_404(OwnRole, name=role_name)
    return _form(request, RoleForm(request.POST if request.method == "POST" else None, own=own))


@require_http_methods(["GET", "POST"])
@requires(Action.ROLE_MANAGE)
def delete(request: Request, role_name: str) -> HttpResponse:
    """Ask whether to delete a role, then delete it."""
    own = get_object_or_404(OwnRole, name=role_name)
    form = Form(request.POST if request.method == "POST" else None)
    if answer := changed(
        request,
        form,
        lambda: grants.delete_role(request.user, own),
        "roles",
        f"{own.name} is gone.",
    ):
        return answer
    return render_form(request, "roles/delete.html", form, {"own": own})


def _form(request: Request, form: RoleForm) -> HttpResponse:
    def act() -> Any:
        given = form.cleaned_data
        return grants.save_role(request.user, given["name"], given["description"], given["actions"])

    if answer := changed(request, form, act, "roles", "The role is kept."):
        return answer
    return render_form(request, "roles/form.html", form, {"own": form.own})
