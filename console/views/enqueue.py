"""Enqueue: start a workflow from a form, empty or like a run that there was."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from client_core import (
    DBOSClientError,
    EnqueueOptions,
    SystemDatabaseError,
    WorkflowFilter,
    WorkflowHandle,
    WorkflowStatus,
)
from console import actions
from console.actions import Outcome
from console.auditing import SentBefore
from console.code_texts import Call
from console.forms import DebounceForm, EnqueueForm
from console.http import Request, redirect_with
from console.likeness import Original, holds_dots, masked, original_of, prefilled
from console.masking import DOTS
from console.permissions import Action, requires
from console.systems import System
from console.views.code import codes
from console.views.common import known_names, render_form

#: Does what a form asks for.
Act = Callable[[dict[str, Any]], tuple[WorkflowHandle, Outcome]]
#: Of the arguments that a form begins with: more is no text that anybody edits.
MOST_BYTES = 2**20
PAST_RUNS = 5


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_ENQUEUE)
def enqueue(request: Request, system: System) -> HttpResponse:
    """Start a workflow."""

    def act(data: dict[str, Any]) -> tuple[WorkflowHandle, Outcome]:
        wish = (data["options"], data["args"], data["kwargs"])
        return actions.enqueue(request.user, system, *wish, like=data["like"])

    return _answer(request, system, EnqueueForm, act)


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_DEBOUNCE)
def debounce(request: Request, system: System) -> HttpResponse:
    """Start a workflow once no further call with the same key came for a while."""

    def act(data: dict[str, Any]) -> tuple[WorkflowHandle, Outcome]:
        wish = (data["options"], data["args"], data["kwargs"])
        return actions.debounce(
            request.user,
            system,
            *wish,
            key=data["debounce_key"],
            period_ms=data["debounce_period_ms"],
            timeout_ms=data["debounce_timeout_ms"],
            form_id=data["form_id"],
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
    runs = reverse("workflows", args=[system])
    if form.is_valid() and "as_code" in request.POST:
        try:
            context["codes"] = _codes(request, system, form)
        except RecursionError:
            form.add_error(None, "The arguments are nested too deeply to be shown as code.")
    elif form.is_valid():
        data = form.cleaned_data
        if outcome := actions.sent_before(data["form_id"]):
            return redirect_with(request, runs, outcome.level, outcome.text)
        try:
            doubts = system.client.check_enqueue(data["options"], *data["args"], **data["kwargs"])
            if not form.asks_back(doubts):
                handle, outcome = act(data)
                url = reverse("workflow", args=[system, handle.workflow_id])
                return redirect_with(request, url, outcome.level, outcome.text)
        except SentBefore:
            text = "This was sent twice, and is done once."
            return redirect_with(request, runs, "warning", text)
        except DBOSClientError as error:
            form.refused(error)
    context |= {"past": _past(system, str(form["workflow_name"].value() or "")), **_known(system)}
    return render_form(request, "workflows/enqueue.html", form, context)


def _known(system: System) -> dict[str, list[str]]:
    """What the form suggests."""
    try:
        versions = system.client.list_known_values("app_version")
        applications = system.client.list_known_values("application_name")
    except SystemDatabaseError:
        versions, applications = [], []
    return {**known_names(system), "versions": versions, "applications": applications}


def _past(system: System, workflow_name: str) -> list[WorkflowStatus]:
    """The newest runs of the workflow, whose arguments the form may begin with."""
    if not workflow_name:
        return []
    filters: WorkflowFilter = {"name": workflow_name, "limit": PAST_RUNS, "sort_desc": True}
    try:
        return system.client.list_workflows(**filters, load_payloads=True)
    except DBOSClientError:
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
