"""What a form that acts is answered: what happened, or the form again with all that was typed."""

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from client_core import DBOSClientError, OutcomeUnknown, SystemDatabaseError
from console import outcomes
from console.audit.acts import SentBefore, sent_before
from console.audit.whence import because
from console.http import Request, acted, redirect_with, wants_partial
from console.once import OnceForm
from console.outcomes import Outcome
from console.roles.grants import NotGranted
from console.systems import System


def done(
    request: Request,
    system: System,
    form: OnceForm,
    act: Callable[[], Outcome | None],
    here: str,
    leads_to: str = "",
) -> HttpResponse | None:
    """The answer to a valid form once it is carried out; None where it has errors now.

    ``here`` is the page of what is acted on, and ``leads_to`` another to go to when it is done.
    """
    outcome = None
    try:
        with because(form.cleaned_data["reason"]):
            outcome = _once(form, act)
    except OutcomeUnknown as error:
        if not form.repeats:
            return not_done(request, form, error, here)
        form.unknown()
    except SystemDatabaseError as error:
        form.not_taken(error)
    except DBOSClientError as error:
        form.refused(error)
    if outcome is None:
        return None
    if outcome.run:
        leads_to = reverse("workflow", args=[system, outcome.run])
    if leads_to:
        return redirect_with(request, leads_to, outcome.level, outcome.text)
    return acted(request, here, outcome.level, outcome.text)


def _once(form: OnceForm, act: Callable[[], Outcome | None]) -> Outcome | None:
    entry = sent_before(form.act_id, repeats=form.repeats)
    if entry is None:
        with suppress(SentBefore):
            if outcome := act():
                return outcome
        # What it found changed may be the doing of the same form, sent a moment before.
        entry = sent_before(form.act_id, repeats=form.repeats)
        if entry is None and form.errors:
            return None
    if entry is None:
        form.add_error(None, "This was sent twice, and failed the first time. Nothing was done.")
        return None
    return outcomes.of_entry(entry)


def not_done(
    request: Request, form: OnceForm, error: SystemDatabaseError, here: str
) -> HttpResponse:
    """The fields of a form whose own page needs a database that does not answer.

    It says what is known of the act; where that may not be repeated blindly, that alone. Where
    nothing was sent, it raises the error.
    """
    if request.method != "POST":
        raise error
    form.is_unknown = form.is_unknown or isinstance(error, OutcomeUnknown)
    context = {"form": form, "error": error, "here": here}
    template = "workflows/not_done.html"
    if wants_partial(request):
        return render(request, f"{template}#form", context, status=422)
    return render(request, template, context, status=HTTPStatus.SERVICE_UNAVAILABLE)


def changed(
    request: Request, form: Form, act: Callable[[], Any], leads_to: str, text: str
) -> HttpResponse | None:
    """The answer to a valid form once it is carried out; None where it has errors now."""
    if not form.is_valid():
        return None
    try:
        act()
    except NotGranted as error:
        form.add_error(None, str(error))
        return None
    return redirect_with(request, reverse(leads_to), "success", text)
