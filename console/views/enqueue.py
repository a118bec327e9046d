"""Enqueue: start a workflow from a form, empty or like a run that there was."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from client_core import EnqueueOptions
from console import actions
from console.code_texts import Call
from console.forms import EnqueueForm
from console.http import Request
from console.likeness import Original, holds_dots, masked, original_of, prefilled
from console.masking import DOTS
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.systems import System
from console.views.acts import done
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
        here = reverse("workflows", args=[system])
        if answer := done(request, system, form, lambda: _act(request, system, form), here):
            return answer
    return render_form(request, "workflows/enqueue.html", form, context | known_names(system))


def _act(request: Request, system: System, form: EnqueueForm) -> Outcome:
    data = form.cleaned_data
    wish = (data["options"], data["args"], data["kwargs"])
    return actions.enqueue(request.user, system, *wish, like=data["like"], act_id=form.act_id)


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
