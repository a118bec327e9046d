"""Sets of schedules: what is there as a file, and a file applied to what is there."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from client_core import (
    DBOSClientError,
    ScheduleDifference,
    SchedulesChanged,
    SystemDatabaseError,
    WorkflowSchedule,
)
from console.http import Request
from console.masking import DOTS
from console.operations.control import note_export
from console.outcomes import Outcome
from console.permissions import Action, can, requires
from console.schedules import actions, sets
from console.schedules.differences import shown
from console.schedules.set_forms import ApplyForm
from console.systems import System
from console.views.acts import done
from console.views.common import render_form
from console.views.schedules import holds


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_APPLY)
def apply(request: Request, system: System) -> HttpResponse:
    """Show what a set of schedules would change, then apply exactly that."""
    posted = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    may_delete = can(request.user, Action.SCHEDULE_DELETE, system)
    form = ApplyForm(*posted, may_delete=may_delete, initial=request.GET.dict())
    here = reverse("schedules", args=[system])
    context: dict[str, Any] = {"here": here, "applications": _applications(system)}
    difference = _difference(system, form) if form.is_valid() else None
    if difference and "apply" in request.POST:
        act = _Apply(request, system, form, difference)
        if answer := done(request, system, form, act, here, here):
            return answer
        difference = act.difference
    if difference:
        context |= {
            "difference": difference,
            "rows": shown(difference, form.cleaned_data["dialect"], timezone.now()),
        }
    return render_form(request, "schedules/apply.html", form, context)


@require_safe
@requires(Action.WORKFLOW_EXPORT)
def export(request: Request, system: System) -> HttpResponse:
    """The schedules that the list shows, or those of one application, as a set to be applied."""
    every = system.client.list_schedules(load_contexts=False)
    wanted, owner = request.GET.get("q", "").strip(), request.GET.get("application_name", "")
    names = [
        one.schedule_name
        for one in every
        if holds(one, wanted) and owner in ("", one.application_name)
    ]
    exported = system.client.export_schedules(names=names)
    text = sets.written(exported, owner)
    if "download" in request.GET:
        narrowed = {name: one for name, one in (("q", wanted), ("application", owner)) if one}
        note_export(request.user, system, "schedules", narrowed)
        return HttpResponse(text, headers=_file(f"schedules-{owner or system.name}.json"))
    context = {
        "text": text,
        "wanted": wanted,
        "owner": owner,
        "applications": _owners(every),
        "count": len(exported),
        "gaps": [one for one in exported if one.gap],
        "paused": sum(one.is_paused for one in exported),
        "has_dots": DOTS in text,
    }
    return render(request, "schedules/export.html", context)


def _file(name: str) -> dict[str, str]:
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Disposition": content_disposition_header(True, plain) or "attachment",
        "X-Content-Type-Options": "nosniff",
    }


class _Apply:
    """The act; what it finds instead of what was shown is there to be shown next."""

    def __init__(
        self, request: Request, system: System, form: ApplyForm, difference: ScheduleDifference
    ) -> None:
        self.difference = difference
        self._asked = (request.user, system, form.wish)
        self._form = form

    def __call__(self) -> Outcome | None:
        if not self._form.was_seen(self.difference):
            return None
        try:
            return actions.apply(*self._asked, self.difference, self._form.act_id)
        except SchedulesChanged as error:
            self.difference = error.difference
            self._form.overtaken()
            return None


def _difference(system: System, form: ApplyForm) -> ScheduleDifference | None:
    """What the set would change; None where the form says why it cannot."""
    try:
        form.fill_in(system.client.list_schedules() if form.has_dots else [])
        return actions.preview_apply(system, form.wish) if form.is_valid() else None
    except SystemDatabaseError as error:
        form.not_taken(error)
    except DBOSClientError as error:
        form.refused(error)
    return None


def _applications(system: System) -> list[str]:
    """Names that the form suggests; none when the database is down."""
    try:
        return _owners(system.client.list_schedules(load_contexts=False))
    except SystemDatabaseError:
        return []


def _owners(schedules: Iterable[WorkflowSchedule]) -> list[str]:
    return sorted({one.application_name for one in schedules if one.application_name})
