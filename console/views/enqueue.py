"""Enqueue: start a workflow from a form, empty or like a run that there was."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from client_core import DBOSClientError, EnqueueOptions
from console import actions
from console.code_calls import Call
from console.forms import EnqueueForm
from console.http import Request, redirect_with
from console.likeness import Original, holds_dots, masked, original_of, prefilled
from console.masking import DOTS
from console.permissions import Action, requires
from console.systems import System
from console.views.code import codes
from console.views.common import known_names, render_form

#: Of the arguments that a form begins with: more is no text that anybody edits.
MOST_BYTES = 2**20


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_ENQUEUE)
def enqueue(request: Request, system: System) -> HttpResponse:
    """Start a workflow."""
    form, context = _form(request, system)
    if form.is_valid() and "as_code" in request.POST:
        try:
            context["codes"] = _codes(request, system, form)
        except RecursionError:
            form.add_error(None, "The arguments are nested too deeply to be shown as code.")
    elif form.is_valid():
        data = form.cleaned_data
        wish = (data["options"], data["args"], data["kwargs"])
        try:
            handle, outcome = actions.enqueue(request.user, system, *wish, like=data["like"])
        except DBOSClientError as error:
            form.refused(error)
        else:
            url = reverse("workflow", args=[system, handle.workflow_id])
            return redirect_with(request, url, outcome.level, outcome.text)
    return render_form(request, "workflows/enqueue.html", form, context | known_names(system))


@require_safe
@requires(Action.WORKFLOW_ENQUEUE)
def again(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """The way from a run to the form that is filled like it."""
    url = reverse("workflow-enqueue", args=[system])
    return HttpResponseRedirect(f"{url}?{urlencode({'like': workflow_id})}")


def _form(request: Request, system: System) -> tuple[EnqueueForm, dict[str, Any]]:
    """The form, and what is said about the run that it is like."""

    def original(workflow_id: str) -> Original | None:
        run = system.client.get_workflow(workflow_id, max_payload_bytes=MOST_BYTES)
        return original_of(run) if run else None

    if request.method == "POST":
        return EnqueueForm(request.POST, original=original), {}
    given = request.GET.dict()
    like = given.get("like")
    if not like:
        return EnqueueForm(initial=given, original=original), {}
    run = system.client.get_workflow(like, max_payload_bytes=MOST_BYTES)
    if run is None:
        notes = ["The run that this was to be like is not there any more."]
        return EnqueueForm(original=original), {"notes": notes}
    found = original_of(run)
    initial = prefilled(run, found)
    notes = [found.note] if found.note else []
    if found.note:
        notes.append("To run it again with just these, fork it from its first step.")
    if holds_dots(list(initial.values())):
        notes.append(f"{DOTS} stands for a hidden value: left as it is, the run gets the same.")
    return EnqueueForm(initial=initial, original=original), {"like": run, "notes": notes}


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
