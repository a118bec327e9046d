"""Messages to workflows."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from client_core import InvalidOption
from console import actions
from console.code.forms import call_of
from console.http import Request
from console.outcomes import Outcome
from console.permissions import Action, requires
from console.systems import System
from console.views.acts import done
from console.views.code import codes
from console.views.common import render_form
from console.workflows.start_forms import SendForm


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_SEND)
def send(request: Request, system: System) -> HttpResponse:
    """Send a message to a workflow."""
    posted = request.POST if request.method == "POST" else None
    form = SendForm(posted, initial=request.GET.dict())
    context: dict[str, Any] = {}

    def act() -> Outcome:
        data = form.cleaned_data
        return actions.send(
            request.user,
            system,
            data["destination_id"],
            data["message"],
            topic=data["topic"] or None,
            idempotency_key=data["idempotency_key"] or None,
            serialization=data["serialization"] or None,
            act_id=form.act_id,
        )

    if form.is_valid() and "as_code" in request.POST:
        call = call_of("send", form.cleaned_data["destination_id"], form)
        try:
            context["codes"] = codes(request, system, call, request.path)
        except InvalidOption as error:
            form.refused(error)
    elif form.is_valid():
        form.repeats = actions.sends_once(system)
        here = reverse("workflow", args=[system, form.cleaned_data["destination_id"]])
        if answer := done(request, system, form, act, here):
            return answer
    return render_form(request, "messages/send.html", form, context)
