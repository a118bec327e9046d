"""The audit log."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.digits import whole_number
from console.http import Request
from console.models import AuditEntry, Grant
from console.permissions import Action, allowed_on, requires, systems_for

PAGE_SIZE = 100


@require_safe
@requires(Action.AUDIT_READ)
def index(request: Request) -> HttpResponse:
    """Who did what, the newest first."""
    entries = AuditEntry.objects.all()
    if Action.AUDIT_READ not in allowed_on(request.user, Grant.EVERY):
        entries = entries.filter(system__in=systems_for(request.user, Action.AUDIT_READ))
    before = whole_number(request.GET.get("before", ""), most=2**63 - 1)
    if before is not None:
        entries = entries.filter(id__lt=before)
    page = list(entries[: PAGE_SIZE + 1])
    older = page[PAGE_SIZE - 1].id if len(page) > PAGE_SIZE else None
    return render(request, "audit/list.html", {"entries": page[:PAGE_SIZE], "older": older})
