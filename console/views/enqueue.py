"""Enqueue: start a workflow from a form, empty or like a run that there was."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from client_core import (
    EnqueueOptions,
    SystemDatabaseError,
    WorkflowFilter,
    WorkflowStatus,
)
from console import actions
from console.code.calls import Call
from console.http import Request
from console.masking import DOTS
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.systems import System
from console.views.acts import done
from console.views.code import codes
from console.views.common import known_names, render_form
from console.workflows.likeness import Original, holds_dots, masked, original_of, prefilled
from console.workflows.start_forms import DebounceForm, EnqueueForm

#: Does what a form asks for.
Act = Callable[[EnqueueForm], Outcome]
#: Of the arguments that a form begins with: more is no text that anybody edits.
MOST_BYTES = 2**20
PAST_RUNS = 5


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_ENQUEUE)
def enqueue(request: Request, system: System) -> HttpResponse:
    """Start a workflow."""

    def act(form: EnqueueForm) -> Outcome:
        data = form.cleaned_data
        wish = (data["options"], data["args"], data["kwargs"])
        return actions.enqueue(request.user, system, *wish, like=data["like"], act_id=form.act_id)

    return _answer(request, system, EnqueueForm, act)


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_DEBOUNCE)
def debounce(request: Request, system: System) -> HttpResponse:
    """Start a workflow once no further call with the same key came for a while."""

    def act(form: EnqueueForm) -> Outcome:
        data = form.cleaned_data
        return actions.debounce(
            request.user,
            system,
            data["options"],
            data["args"],
            data["kwargs"],
            key=data["debounce_key"],
            period_ms=data["debounce_period_ms"],
            timeout_ms=data["debounce_timeout_ms"],
            act_id=form.act_id,
        )

    return _answer(request, system, DebounceForm, act)


@require_safe
@requires(Action.WORKFLOW_ENQUEUE)
def again(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """The way from a run to the form that is filled like it."""
    url = reverse("workflow-enqueue", args=[system])
    return HttpResponseRedirect(f"{url}?{urlencode({'like': workflow_id})}")


def _answer(
    request: Request, system: System, form_class: type[EnqueueForm], act: Act
) -> HttpResponse:
    """Show the form; when it is sent, tell what it would do as code, ask back, or act."""
    form, context = _form(request, system, form_class)
    name = str(form["workflow_name"].value() or "")
    if request.htmx.target == "past":
        context |= {"form": form, "past": _past(system, name, known_names(system))}
        return render(request, "workflows/enqueue.html#past", context)
    if form.is_valid() and "as_code" in request.POST:
        try:
            context["codes"] = _codes(request, system, form)
        except RecursionError:
            form.add_error(None, "The arguments are nested too deeply to be shown as code.")
    elif form.is_valid():
        here = reverse("workflows", args=[system])
        if answer := done(request, system, form, lambda: _looked_at(system, form, act), here):
            return answer
    context |= _suggested(system, name)
    return render_form(request, "workflows/enqueue.html", form, context)


def _looked_at(system: System, form: EnqueueForm, act: Act) -> Outcome | None:
    """What came of the act; None where the form asks back first."""
    data = form.cleaned_data
    doubts = system.client.check_enqueue(data["options"], *data["args"], **data["kwargs"])
    return None if form.asks_back(doubts) else act(form)


def _suggested(system: System, workflow_name: str) -> dict[str, Any]:
    """Names for the form, and runs whose arguments it may begin with; none where it is down."""
    names = known_names(system)
    if not any(names.values()):
        return names
    try:
        versions = system.client.list_known_values("app_version")
        applications = system.client.list_known_values("application_name")
    except SystemDatabaseError:
        return names
    past = _past(system, workflow_name, names)
    return {**names, "versions": versions, "applications": applications, "past": past}


def _past(system: System, workflow_name: str, names: dict[str, list[str]]) -> list[WorkflowStatus]:
    """The newest runs of a workflow that ran lately."""
    if workflow_name not in names["names"]:
        return []
    filters: WorkflowFilter = {"name": workflow_name, "limit": PAST_RUNS, "sort_desc": True}
    try:
        return system.client.list_workflows(**filters, load_payloads=True)
    except SystemDatabaseError:
        return []


def _form(
    request: Request, system: System, form_class: type[EnqueueForm]
) -> tuple[EnqueueForm, dict[str, Any]]:
    """The form, and what is said about the run that it is like."""

    def original(workflow_id: str) -> Original | None:
        run = system.client.get_workflow(workflow_id, max_payload_bytes=MOST_BYTES)
        return original_of(run) if run else None

    if request.method == "POST":
        return form_class(request.POST, original=original), {}
    given = request.GET.dict()
    like = given.get("like")
    if not like:
        return form_class(initial=given, original=original), {}
    run = system.client.get_workflow(like, max_payload_bytes=MOST_BYTES)
    if run is None:
        notes = ["The run that this was to be like is not there any more."]
        return form_class(original=original), {"notes": notes}
    found = original_of(run)
    initial = prefilled(run, found)
    notes = [found.note] if found.note else []
    if found.note:
        notes.append("To run it again with just these, fork it from its first step.")
    if holds_dots(list(initial.values())):
        notes.append(f"{DOTS} stands for a hidden value: left as it is, the run gets the same.")
    return form_class(initial=initial, original=original), {"like": run, "notes": notes}


def _codes(request: Request, system: System, form: EnqueueForm) -> list[dict[str, Any]]:
    """What the form would do, as code; without the ID that the form itself brings."""
    data = form.cleaned_data
    given = {name: getattr(data["options"], name) for name in EnqueueOptions.__dataclass_fields__}
    given["workflow_id"] = data["workflow_id"] or None
    given["attributes"] = masked(dict(given["attributes"] or {})) or None
    call = Call(
        "enqueue",
        options=EnqueueOptions(**given),
        args=masked(data["args"]),
        kwargs=masked(data["kwargs"]),
    )
    return codes(request, system, call, reverse("workflow-enqueue", args=[system]))
