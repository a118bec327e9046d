"""The audit log."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.digits import whole_number
from console.http import Request
from console.models import AuditEntry
from console.permissions import Action, requires

PAGE_SIZE = 100


@require_safe
@requires(Action.AUDIT_READ)
def index(request: Request) -> HttpResponse:
    """Who did what, the newest first."""
    entries = AuditEntry.objects.all()
    before = whole_number(request.GET.get("before", ""), most=2**63 - 1)
    if before is not None:
        entries = entries.filter(id__lt=before)
    page = list(entries[: PAGE_SIZE + 1])
    older = page[PAGE_SIZE - 1].id if len(page) > PAGE_SIZE else None
    return render(request, "audit/list.html", {"entries": page[:PAGE_SIZE], "older": older})
