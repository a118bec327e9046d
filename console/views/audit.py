"""The audit log: searched, one entry with all that is kept, and as a file."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db import connection
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from console.audit.forms import AuditSearchForm
from console.audit.rows import record
from console.audit.search import COLUMNS, MOST_EXAMINED, AuditSearch, Found, page, pages
from console.audit.words import address_of
from console.digits import whole_number
from console.export import Format, cells, exported
from console.http import Request
from console.models import Grant
from console.permissions import Action, allowed_on, requires, systems_for
from console.views.common import render_part

PAGE_SIZE = 100
#: Entries that are read at once for a file.
FILE_PAGE = 1_000


@require_safe
@requires(Action.AUDIT_READ)
def index(request: Request) -> HttpResponse:
    """Who did what, the newest first."""
    search = _search(request, Action.AUDIT_READ)
    before = whole_number(request.GET.get("before", ""), most=2**63 - 1)
    found = Found([], None) if search.problems else page(search, before, PAGE_SIZE)
    context = {
        "search": search,
        "form": AuditSearchForm(search),
        "entries": found.entries,
        "older": found.before,
        "is_cut": found.is_cut,
        "most_examined": MOST_EXAMINED,
        "is_first": before is None,
    }
    return render_part(request, "audit/list.html", "found", context)


@require_safe
@requires(Action.AUDIT_READ)
def detail(request: Request, position: int) -> HttpResponse:
    """One entry with all that is kept, by its position or by that of an ending."""
    entries = AuditSearch(systems=_systems(request, Action.AUDIT_READ)).entries()
    entry = (
        entries.filter(position=position).first()
        or entries.filter(endings__position=position).first()
    )
    if entry is None:
        raise Http404(str(position))
    context = {
        "entry": entry,
        "endings": list(entry.endings.order_by("position")),
        "address": address_of(entry),
    }
    return render(request, "audit/detail.html", context)


@require_safe
@requires(Action.AUDIT_EXPORT)
def export(request: Request) -> HttpResponseBase:
    """The entries that a search finds, as a file; that they were taken is an entry too."""
    search = _search(request, Action.AUDIT_EXPORT)
    if search.problems:
        return redirect(f"/audit/?{urlencode(request.GET.dict())}")
    form = Format.of(request.GET.get("format"))
    parameters = {**search.asked, "format": form}
    record(Action.AUDIT_EXPORT, user=request.user, target="audit", parameters=parameters)
    return exported(form, "audit", list(COLUMNS), _rows(search))


def _search(request: Request, action: Action) -> AuditSearch:
    return replace(AuditSearch.of(request.GET), systems=_systems(request, action))


def _systems(request: Request, action: Action) -> frozenset[str] | None:
    """Those whose entries the person may have; None for all, and for what is about no system."""
    if action in allowed_on(request.user, Grant.EVERY):
        return None
    return systems_for(request.user, action)


def _rows(search: AuditSearch) -> Iterator[list[list[Any]]]:
    for entries in pages(search, FILE_PAGE):
        # The next page may be read by another thread, and nobody else closes this one's.
        if not connection.in_atomic_block:
            connection.close()
        yield [cells(COLUMNS, entry) for entry in entries]
