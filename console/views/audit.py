"""The audit log."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from console.http import Request
from console.models import AuditEntry
from console.permissions import Action, requires

PAGE_SIZE = 100


@require_safe
@requires(Action.AUDIT_READ)
def index(request: Request) -> HttpResponse:
    """Who did what, the newest first."""
    before = request.GET.get("before", "")
    entries = AuditEntry.objects.all()
    if before.isascii() and before.isdigit() and len(before) < 19:
        entries = entries.filter(id__lt=int(before))
    page = list(entries[: PAGE_SIZE + 1])
    older = page[PAGE_SIZE - 1].id if len(page) > PAGE_SIZE else None
    return render(request, "audit/list.html", {"entries": page[:PAGE_SIZE], "older": older})
