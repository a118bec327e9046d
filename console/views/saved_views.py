"""Searches that people keep under a name."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from console import actions
from console.http import Request, redirect_with
from console.models import SavedView
from console.permissions import Action, can, requires
from console.systems import System
from console.views.common import render_form
from console.workflows.view_forms import SaveViewForm


@require_http_methods(["GET", "POST"])
@requires(Action.VIEW_SAVE)
def save(request: Request, system: System) -> HttpResponse:
    """Keep a search under a name."""
    may_share = can(request.user, Action.VIEW_SHARE, system)
    posted = request.POST if request.method == "POST" else None
    form = SaveViewForm(posted, initial=request.GET.dict(), may_share=may_share)
    if form.is_valid():
        name, search = form.cleaned_data["name"], form.cleaned_data["q"]
        share = form.cleaned_data.get("share", False)
        outcome = actions.save_view(request.user, system, name, search, share=share)
        url = f"{reverse('workflows', args=[system])}?{urlencode({'q': search})}"
        return redirect_with(request, url, outcome.level, outcome.text)
    return render_form(request, "saved_views/save.html", form, {})


@require_http_methods(["GET", "POST"])
@requires(Action.VIEW_SAVE)
def forget(request: Request, system: System, view_id: int) -> HttpResponse:
    """Ask whether to forget a view, then forget it."""
    view = get_object_or_404(SavedView.seen_by(request.user, system.name), pk=view_id)
    if request.method == "POST":
        outcome = actions.forget_view(request.user, system, view)
        url = reverse("workflows", args=[system])
        return redirect_with(request, url, outcome.level, outcome.text)
    return render_form(request, "saved_views/forget.html", None, {"view": view})
