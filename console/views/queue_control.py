"""What a person does to a queue: register it, edit its limits, delete it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from client_core import Queue, SystemDatabaseError
from client_core.queue_activity import MOST_COUNTED
from console.http import Request
from console.once import Kept
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.queues import actions
from console.queues.effects import effects
from console.queues.forms import QueueChangeForm, QueueDeleteForm, QueueForm
from console.systems import System
from console.views.acts import done, not_done
from console.views.common import render_form
from console.views.queues import queue_or_404, queue_or_none


@require_http_methods(["GET", "POST"])
@requires(Action.QUEUE_EDIT)
def register(request: Request, system: System) -> HttpResponse:
    """Register a queue."""
    posted = request.POST if request.method == "POST" else None
    form = QueueForm(posted, initial=request.GET.dict())
    here = reverse("queues", args=[system])

    def act() -> Outcome:
        data = form.cleaned_data
        owner = data["application_name"] or None
        return actions.register(request.user, system, data["name"], owner, form.limits, form.act_id)

    if form.is_valid() and "preview" not in request.POST:
        leads_to = reverse("queue", args=[system, form.cleaned_data["name"]])
        if answer := done(request, system, form, act, here, leads_to):
            return answer
    return _form(request, system, form, {"here": here})


@require_http_methods(["GET", "POST"])
@requires(Action.QUEUE_EDIT)
def edit(request: Request, system: System, queue_name: str) -> HttpResponse:
    """Change the limits of a queue."""
    here = reverse("queue", args=[system, queue_name])
    posted = request.POST if request.method == "POST" else None
    try:
        queue = queue_or_404(system, queue_name)
    except SystemDatabaseError as error:
        return not_done(request, Kept(posted, QueueChangeForm), error, here)
    form = QueueChangeForm(posted, current=queue)

    def act() -> Outcome:
        return actions.update(request.user, system, queue_name, form.changes, form.act_id)

    is_meant = form.is_valid() and "preview" not in request.POST
    if is_meant and (answer := done(request, system, form, act, here, here)):
        return answer
    return _form(request, system, form, {"queue": queue, "here": here})


@require_safe
@requires(Action.WORKFLOW_READ)
def effect(request: Request, system: System) -> HttpResponse:
    """What the limits that somebody is typing would do."""
    name = request.GET.get("name", "")
    queue = queue_or_none(system, name) if request.GET.get("current") else None
    form = QueueChangeForm(request.GET, current=queue) if queue else QueueForm(request.GET)
    return render(
        request, "queues/effect.html", {"queue": queue, **_effects(system, name, queue, form)}
    )


@require_http_methods(["GET", "POST"])
@requires(Action.QUEUE_DELETE)
def delete(request: Request, system: System, queue_name: str) -> HttpResponse:
    """Ask whether to delete, telling what it leaves behind; then delete."""
    here = reverse("queue", args=[system, queue_name])
    posted = request.POST if request.method == "POST" else None
    try:
        queue = queue_or_404(system, queue_name)
        activity = system.client.list_queue_activity([queue_name])[queue_name]
    except SystemDatabaseError as error:
        return not_done(request, Kept(posted, QueueDeleteForm), error, here)
    is_used = bool(activity.waiting or activity.delayed)
    form = QueueDeleteForm(posted, name=queue_name, is_used=is_used)

    def act() -> Outcome:
        return actions.delete(request.user, system, queue_name, form.act_id)

    if form.is_valid():
        leads_to = reverse("queues", args=[system])
        if answer := done(request, system, form, act, here, leads_to):
            return answer
    context = {
        "queue": queue,
        "activity": activity,
        "is_used": is_used,
        "most_counted": MOST_COUNTED,
    }
    return render_form(request, "queues/delete.html", form, context)


def _form(
    request: Request, system: System, form: QueueForm, context: dict[str, Any]
) -> HttpResponse:
    queue: Queue | None = context.get("queue")
    name = queue.name if queue else str(form["name"].value() or "")
    if form.is_bound:
        context |= _effects(system, name, queue, form)
    if queue is None:
        context["applications"] = _applications(system)
    return render_form(request, "queues/form.html", form, context)


def _effects(system: System, name: str, queue: Queue | None, form: QueueForm) -> dict[str, Any]:
    """What a form would do; nothing while its limits are wrong, or the database is away."""
    form.is_valid()
    if wrong := [form[field] for field in form.errors if field != "__all__"]:
        return {"wrong": wrong}
    try:
        activity = system.client.list_queue_activity([name])[name]
        details = system.client.get_queue_details(name)
    except SystemDatabaseError:
        return {}
    return {"is_previewed": True, "effects": effects(queue, form.limits, activity, details)}


def _applications(system: System) -> list[str]:
    """Names that the form suggests; none when the database is down."""
    try:
        return list(system.client.list_known_values("application_name"))
    except SystemDatabaseError:
        return []
