"""What a person does to a schedule: create, edit, pause, resume, trigger and delete it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from client_core import (
    DBOSClientError,
    Dialect,
    ScheduleChanged,
    ScheduledRun,
    SystemDatabaseError,
)
from console.http import Request
from console.once import Kept
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.preferences import zone_names
from console.schedules import actions
from console.schedules.forms import (
    MANY,
    BackfillForm,
    ScheduleActForm,
    ScheduleChangeForm,
    ScheduleForm,
    TriggerForm,
)
from console.schedules.other_reading import other_reading
from console.schedules.starts import Asked
from console.schedules.times import DIALECTS, Fire
from console.systems import System
from console.views.acts import done, not_done
from console.views.common import known_names, render_form
from console.views.schedules import fires_of, schedule_or_404

#: Does what a question is about.
Act = Callable[[User, System, str, UUID | None], Outcome]
#: Of a backfill so many times are shown.
DUE_SHOWN = 50


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_EDIT)
def create(request: Request, system: System) -> HttpResponse:
    """Create a schedule."""
    posted = request.POST if request.method == "POST" else None
    form = ScheduleForm(posted, initial=request.GET.dict())
    here = reverse("schedules", args=[system])

    def act() -> Outcome:
        wish = (form.definition, form.stated, form.act_id)
        return actions.create(request.user, system, *wish)

    if _is_meant(request, system, form):
        leads_to = reverse("schedule", args=[system, form.cleaned_data["schedule_name"]])
        if answer := done(request, system, form, act, here, leads_to):
            return answer
    return _form(request, system, form, {"here": here})


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_EDIT)
def edit(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """Change a schedule in place; its ID, its state and when it fired last stay."""
    posted = request.POST if request.method == "POST" else None
    here = reverse("schedule", args=[system, schedule_name])
    try:
        schedule = schedule_or_404(system, schedule_name)
    except SystemDatabaseError as error:
        return not_done(request, Kept(posted, ScheduleChangeForm), error, here)
    form = ScheduleChangeForm(posted, current=schedule)

    def act() -> Outcome | None:
        wish = (schedule_name, form.changes, form.stated, schedule.revision, form.act_id)
        try:
            return actions.update(request.user, system, *wish)
        except ScheduleChanged:
            form.overtaken(schedule_or_404(system, schedule_name))
            return None

    is_meant = _is_meant(request, system, form)
    if is_meant and (answer := done(request, system, form, act, here, here)):
        return answer
    return _form(request, system, form, {"schedule": schedule, "here": here})


@require_safe
@requires(Action.WORKFLOW_READ)
def times(request: Request, system: System) -> HttpResponse:
    """When an expression fires that somebody is typing."""
    return render(request, "schedules/times.html", _preview(system, request.GET))


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_EDIT)
def pause(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """Ask whether to pause, then pause."""
    return _asked(request, system, schedule_name, "pause", actions.pause)


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_EDIT)
def resume(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """Ask whether to resume, then resume."""
    return _asked(request, system, schedule_name, "resume", actions.resume)


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_TRIGGER)
def trigger(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """Ask whether to start a run now, then start it."""
    form = TriggerForm(request.POST if request.method == "POST" else None)

    def act(user: User, system: System, name: str, act_id: UUID | None) -> Outcome:
        return actions.trigger(user, system, name, form.stated, act_id)

    return _asked(request, system, schedule_name, "trigger", act, form=form)


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_BACKFILL)
def backfill(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """Show every run that a window should have had, then start those that are not there."""
    now = timezone.localtime().replace(microsecond=0)
    initial = {"start": now - timedelta(days=1), "end": now}
    form = BackfillForm(request.POST if request.method == "POST" else None, initial=initial)
    here = reverse("schedule", args=[system, schedule_name])
    try:
        schedule = schedule_or_404(system, schedule_name)
        due = _due(system, schedule_name, form) if form.is_valid() else []
    except SystemDatabaseError as error:
        return not_done(request, form, error, here)
    context: dict[str, Any] = {"schedule": schedule, "many": MANY}

    def act() -> Outcome:
        wish = (schedule_name, form.window, form.stated, form.act_id)
        return actions.backfill(request.user, system, *wish)

    if form.is_valid():
        new = sum(not run.exists for run in due)
        is_meant = "start_runs" in request.POST and not form.errors
        if is_meant:
            form.assert_meant(new)
        if (
            is_meant
            and form.is_valid()
            and (answer := done(request, system, form, act, here, here))
        ):
            return answer
        if not form.has_error("end"):
            shown = [(run, Fire(run.scheduled_at)) for run in due[:DUE_SHOWN]]
            context |= {"due": shown, "total": len(due), "new": new, "asked": form.asked}
    return render_form(request, "schedules/backfill.html", form, context)


def _due(system: System, name: str, form: BackfillForm) -> list[ScheduledRun]:
    """What the window should have had; none where the form says why."""
    try:
        return system.client.preview_backfill(name, *form.window, dialect=form.stated)
    except SystemDatabaseError:
        raise
    except DBOSClientError as error:
        form.refused(error)
        return []


@require_http_methods(["GET", "POST"])
@requires(Action.SCHEDULE_DELETE)
def delete(request: Request, system: System, schedule_name: str) -> HttpResponse:
    """Ask whether to delete, then delete."""
    leads_to = reverse("schedules", args=[system])
    return _asked(request, system, schedule_name, "delete", actions.delete, leads_to)


def _asked(
    request: Request,
    system: System,
    name: str,
    action: str,
    act: Act,
    leads_to: str = "",
    form: ScheduleActForm | None = None,
) -> HttpResponse:
    """Show the question; when it is answered, act."""
    form = form or ScheduleActForm(request.POST if request.method == "POST" else None)
    here = reverse("schedule", args=[system, name])

    def act_now() -> Outcome:
        return act(request.user, system, name, form.act_id)

    try:
        if form.is_valid() and (answer := done(request, system, form, act_now, here, leads_to)):
            return answer
        context = {"schedule": schedule_or_404(system, name), "action": action}
    except SystemDatabaseError as error:
        return not_done(request, form, error, here)
    return render_form(request, "schedules/act.html", form, context)


def _form(
    request: Request, system: System, form: ScheduleForm, context: dict[str, Any]
) -> HttpResponse:
    context |= {
        **known_names(system),
        **_preview(system, _typed(form)),
        "zones": sorted(zone_names()),
    }
    return render_form(request, "schedules/form.html", form, context)


def _is_meant(request: Request, system: System, form: ScheduleForm) -> bool:
    """Whether to write what was typed. A new expression that never fires is refused."""
    if not form.is_valid() or "preview" in request.POST:
        return False
    given = form.changes if isinstance(form, ScheduleChangeForm) else form.definition
    if "schedule" in given or "cron_timezone" in given:
        found = _preview(system, _typed(form))
        if found["dialect"] in DIALECTS and not found["fires"] and "wrong" not in found:
            form.add_error("schedule", "It never fires: no such time comes.")
    return form.is_valid()


def _typed(form: ScheduleForm) -> dict[str, str]:
    """What decides when a schedule fires, as it stands in the form."""
    typed = {name: form[name].value() or "" for name in ("schedule", "cron_timezone", "dialect")}
    if isinstance(form, ScheduleChangeForm):
        typed["schedule_name"] = form.current.schedule_name
    else:
        typed["application_name"] = form["application_name"].value() or ""
    return typed


def _preview(system: System, typed: Any) -> dict[str, Any]:
    """When what is typed fires, to the language that is chosen or that the database shows."""
    expression = typed.get("schedule", "").strip()
    zone = typed.get("cron_timezone", "").strip() or None
    try:
        dialect = typed.get("dialect") or _dialect_of(system, typed)
    except SystemDatabaseError:
        dialect = None
    if not expression:
        return {"dialect": dialect, "is_empty": True}
    now = timezone.now()
    found = fires_of(expression, dialect, zone, now)
    if dialect in DIALECTS:
        found["otherwise"] = other_reading(Asked(expression, dialect, zone), now)
    return {"dialect": dialect, "zone": zone, **found}


def _dialect_of(system: System, typed: Any) -> Dialect | None:
    if name := typed.get("schedule_name"):
        schedule = system.client.get_schedule(name)
        return system.client.schedule_dialects([schedule])[name] if schedule else None
    return system.client.application_dialect(typed.get("application_name") or None)
