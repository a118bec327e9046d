"""Teams: people who are granted roles together."""

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Count
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from console.http import Request
from console.permissions import Action, requires
from console.roles import teams
from console.roles.forms import TeamForm
from console.views.acts import changed
from console.views.common import render_form


@require_safe
@requires(Action.GRANT_MANAGE)
def index(request: Request) -> HttpResponse:
    """The teams, with what they are granted."""
    found = Group.objects.annotate(members=Count("user")).prefetch_related("grant_set")
    return render(request, "teams/list.html", {"teams": found.order_by("name")[:500]})


@require_http_methods(["GET", "POST"])
@requires(Action.GRANT_MANAGE)
def create(request: Request) -> HttpResponse:
    """Make a team."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@requires(Action.GRANT_MANAGE)
def edit(request: Request, team_id: int) -> HttpResponse:
    """Change who is in a team."""
    return _form(request, get_object_or_404(Group, pk=team_id))


@require_http_methods(["GET", "POST"])
@requires(Action.GRANT_MANAGE)
def delete(request: Request, team_id: int) -> HttpResponse:
    """Ask whether to delete a team, then delete it."""
    team = get_object_or_404(Group, pk=team_id)
    form = Form(request.POST if request.method == "POST" else None)
    if answer := changed(
        request, form, lambda: teams.delete_team(request.user, team), "teams", "The team is gone."
    ):
        return answer
    context = {"team": team, "grants": team.grant_set.all(), "members": team.user_set.count()}
    return render_form(request, "teams/delete.html", form, context)


def _form(request: Request, team: Group | None) -> HttpResponse:
    initial = None
    if team:
        names = team.user_set.order_by("username").values_list("username", flat=True)
        initial = {"name": team.name, "members": "\n".join(names)}
    form = TeamForm(request.POST if request.method == "POST" else None, initial=initial)

    def act() -> Any:
        given = form.cleaned_data
        return teams.save_team(request.user, team, given["name"], given["members"])

    if answer := changed(request, form, act, "teams", "The team is kept."):
        return answer
    return render_form(request, "teams/form.html", form, {"team": team})
