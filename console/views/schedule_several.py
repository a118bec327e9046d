"""Several schedules at once: paused for a maintenance window, and resumed after it."""

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from client_core import SystemDatabaseError, WorkflowSchedule
from console.http import Request
from console.once import OnceForm
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.schedules import actions
from console.systems import System
from console.views.acts import done, not_done
from console.views.common import render_form
from console.views.schedules import holds


class SeveralForm(OnceForm):
    """The question whether to pause or resume these."""

    repeats = True


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_EDIT)
def pause(request: Request, system: System) -> HttpResponse:
    """Tell which of several would be paused, then pause them together."""
    return _asked(request, system, paused=True)


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_EDIT)
def resume(request: Request, system: System) -> HttpResponse:
    """Tell which of several would be resumed, then resume them together."""
    return _asked(request, system, paused=False)


def _asked(request: Request, system: System, *, paused: bool) -> HttpResponse:
    is_sent = request.method == "POST"
    form = SeveralForm(request.POST if is_sent else None)
    names = request.POST.getlist("schedule_name")
    here = reverse("schedules", args=[system])

    def act() -> Outcome:
        return actions.set_paused(request.user, system, names, form.act_id, paused=paused)

    try:
        if names and form.is_valid() and (answer := done(request, system, form, act, here)):
            return answer
        found = _found(system, names) if is_sent else _wanted(request, system)
    except SystemDatabaseError as error:
        return not_done(request, form, error, here)
    context = {
        "paused": paused,
        "changing": [one for one in found if (one.status == "PAUSED") != paused],
        "staying": [one for one in found if (one.status == "PAUSED") == paused],
        "here": here,
    }
    return render_form(request, "schedules/several.html", form, context)


def _wanted(request: Request, system: System) -> list[WorkflowSchedule]:
    """Those that are ticked, or all that hold what the list is searched for."""
    if "all" not in request.GET:
        return _found(system, request.GET.getlist("schedule_name"))
    wanted = request.GET.get("q", "").strip()
    every = system.client.list_schedules(load_contexts=False)
    return [one for one in every if holds(one, wanted)]


def _found(system: System, names: list[str]) -> list[WorkflowSchedule]:
    asked = set(names)
    return [
        one
        for one in system.client.list_schedules(load_contexts=False)
        if one.schedule_name in asked
    ]
