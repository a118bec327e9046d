"""Groups of people: teams that roles are given to."""

from django.contrib.auth.models import Group
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from console import people
from console.http import Request, redirect_with
from console.people_forms import GroupForm
from console.views.people import get_or_post, managed


@require_safe
@managed
def index(request: Request) -> HttpResponse:
    """All of them, with how many people each has."""
    groups = people.teams().annotate(members=Count("user"))
    return render(request, "people/groups.html", {"groups": groups})


@get_or_post
@managed
def create(request: Request) -> HttpResponse:
    """A new group."""
    return _form(request, None)


@get_or_post
@managed
def detail(request: Request, group_id: int) -> HttpResponse:
    """A group's name and members."""
    return _form(request, get_object_or_404(people.teams(), pk=group_id))


@get_or_post
@managed
def delete(request: Request, group_id: int) -> HttpResponse:
    """Ask whether to delete a group, then delete it."""
    group = get_object_or_404(people.teams(), pk=group_id)
    if request.method == "POST":
        outcome = people.delete_group(request.user, group)
        return redirect_with(request, reverse("people-groups"), outcome.level, outcome.text)
    return render(request, "people/delete_group.html", {"group": group})


def _form(request: Request, group: Group | None) -> HttpResponse:
    form = GroupForm(request.POST if request.method == "POST" else None, instance=group)
    if form.is_valid():
        saved = form.save(commit=False)
        outcome = people.save_group(request.user, saved, form.cleaned_data["members"])
        return redirect_with(request, reverse("people-groups"), outcome.level, outcome.text)
    context = {"form": form, "group": group}
    return render(request, "people/group.html", context, status=422 if form.errors else 200)
