"""Who may do what: roles granted to people and teams."""

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from console.http import Request
from console.models import Grant
from console.permissions import Action, requires
from console.roles import grants
from console.roles.forms import GiveForm, system_choices
from console.roles.permitted import permitted
from console.systems import all_systems
from console.views.acts import changed
from console.views.common import render_form

#: On one page; a search finds the others.
MOST_ROWS = 500


@require_safe
@requires(Action.GRANT_MANAGE)
def index(request: Request) -> HttpResponse:
    """The grants, of all or of those that are searched for."""
    wanted = request.GET.get("q", "").strip()[:150]
    chosen = request.GET.get("system", "")
    found = _found(wanted, chosen).select_related("user", "group")
    rows = list(found.order_by("user__username", "group__name", "system", "role")[: MOST_ROWS + 1])
    context = {
        "rows": rows[:MOST_ROWS],
        "is_cut": len(rows) > MOST_ROWS,
        "wanted": wanted,
        "chosen": chosen,
        "titles": system_choices(),
        "known": all_systems(),
        "superusers": User.objects.filter(is_superuser=True, is_active=True)[:20],
    }
    return render(request, "grants/list.html", context)


def _found(wanted: str, chosen: str) -> QuerySet[Grant]:
    found = Grant.objects.all()
    if wanted:
        names = Q(user__username__icontains=wanted) | Q(group__name__icontains=wanted)
        found = found.filter(names | Q(role__icontains=wanted))
    if chosen:
        # What holds on all systems holds on this one.
        found = found.filter(system__in=(chosen, Grant.EVERY))
    return found


@require_http_methods(["GET", "POST"])
@requires(Action.GRANT_MANAGE)
def give(request: Request) -> HttpResponse:
    """Give somebody a role."""
    form = GiveForm(request.POST if request.method == "POST" else None, initial=request.GET.dict())

    def act() -> Grant:
        given = form.cleaned_data
        return grants.give(request.user, given["holder"], given["role"], given["system"])

    if answer := changed(request, form, act, "grants", "Given: it holds from the next page on."):
        return answer
    return render_form(request, "grants/give.html", form, {"holders": GiveForm.holders()})


@require_http_methods(["GET", "POST"])
@requires(Action.GRANT_MANAGE)
def take(request: Request, grant_id: int) -> HttpResponse:
    """Ask whether to take a grant away, then take it."""
    grant = get_object_or_404(Grant.objects.select_related("user", "group"), pk=grant_id)
    form = Form(request.POST if request.method == "POST" else None)
    if answer := changed(
        request, form, lambda: grants.take(request.user, grant), "grants", "Taken away."
    ):
        return answer
    return render_form(request, "grants/take.html", form, {"grant": grant})


@require_safe
@requires(Action.GRANT_MANAGE)
def person(request: Request, user_id: int) -> HttpResponse:
    """What one person may do, and by what."""
    somebody = get_object_or_404(User, pk=user_id)
    context = {"person": somebody, "permitted": permitted(somebody)}
    return render(request, "grants/person.html", context)
