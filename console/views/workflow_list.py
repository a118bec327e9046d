"""The list of workflows: a search, and the pages of what it finds."""

import hashlib
from contextlib import suppress
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from client_core import QueryTimeout, UnsupportedBySchema, WorkflowFilter
from console.http import Request, wants_partial
from console.models import SavedView
from console.permissions import Action, requires
from console.preferences import columns_of
from console.systems import System
from console.views.common import answering, known_names, search_of
from console.workflows.search import Search, parse
from console.workflows.view_forms import FilterForm

PAGE_SIZE = 50
#: What came since is counted up to here.
MOST_NEWER = 99
#: A search that no index serves is answered at once that it goes on, and then by its rows.
FIRST_ANSWER_MS = 40
#: What matches is counted up to here, as long as it takes no longer.
MOST_COUNTED = 1_000
COUNT_TIMEOUT_MS = 500
TEMPLATE = "workflows/list.html"


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """The newest runs that a search finds, a page at a time."""
    if "filter" in request.GET:
        return _as_search(request, system)
    search = search_of(request, system)
    if not wants_partial(request) and (workflow_id := _whole_id(search, system)):
        return redirect("workflow", system, workflow_id)
    context = {
        "search": search,
        "is_first": "after" not in request.GET,
        "columns": columns_of(request),
        # While the search stays the same, so does the count.
        "count_id": hashlib.sha256(search.text.encode()).hexdigest()[:12],
    }
    if not search.problems:
        with answering(search, _narrower(search)):
            context |= _found(request, system, search)
    status = 422 if search.problems else 200
    if wants_partial(request):
        return render(request, f"{TEMPLATE}#found", context, status=status)
    context |= {
        "form": FilterForm(search=search),
        "views": list(SavedView.seen_by(request.user, system.name)),
        **known_names(system),
    }
    return render(request, TEMPLATE, context, status=status)


@require_safe
@requires(Action.WORKFLOW_READ)
def count(request: Request, system: System) -> HttpResponse:
    """How many runs a search finds, which a page of them asks for when it is there."""
    search = search_of(request, system)
    shown = None
    if not search.problems:
        with suppress(QueryTimeout, UnsupportedBySchema):
            found = system.client.count_workflows(
                ceiling=MOST_COUNTED, timeout_ms=COUNT_TIMEOUT_MS, **search.filters
            )
            shown = f"{found:,}{'+' if found == MOST_COUNTED else ''}"
    return render(request, "workflows/_count.html", {"count": shown})


def _narrower(search: Search) -> str:
    """What to do about a search that takes too long."""
    if "workflow_id_prefix" in search.filters:
        return "paste the whole ID, or narrow it with a time such as created:<1d."
    return "narrow it, with a name or with a time such as created:<1d."


def _as_search(request: Request, system: System) -> HttpResponse:
    """The form says the same as a search, so that the address is the view."""
    line = FilterForm(request.GET, search=parse(request.GET.get("q", ""))).line()
    address = redirect("workflows", system)
    if line:
        address["Location"] += "?" + urlencode({"q": line})
    return address


def _whole_id(search: Search, system: System) -> str | None:
    pasted = search.pasted
    return pasted if pasted and system.client.list_workflows(workflow_ids=pasted) else None


def _found(request: Request, system: System, search: Search) -> dict[str, Any]:
    """The rows of a page, or that they take longer than a page should."""
    is_slow = "slow" in request.GET
    # What stands there already is not taken away for being slow to come again.
    hurries = search.terms and not is_slow and "top" not in request.GET
    try:
        timeout_ms = FIRST_ANSWER_MS if hurries else None
        return {**_page(request, system, search.filters, timeout_ms), "is_slow": is_slow}
    except QueryTimeout:
        if not hurries:
            raise
        return {"goes_on": True}


def _page(
    request: Request, system: System, filters: WorkflowFilter, timeout_ms: int | None
) -> dict[str, Any]:
    """The rows of a page. One that refreshes stays where it is, and counts what came since."""
    chosen: WorkflowFilter = {**filters, "limit": PAGE_SIZE + 1, "sort_desc": True}
    newer = 0
    if top := request.GET.get("top"):
        chosen["start_at"] = top
        if "after" not in request.GET:
            since: WorkflowFilter = {**filters, "after": top, "limit": MOST_NEWER + 1}
            newer = len(system.client.list_workflows(**since))
    elif after := request.GET.get("after"):
        chosen["after"] = after
    runs = system.client.list_workflows(timeout_ms=timeout_ms, **chosen)
    page = runs[:PAGE_SIZE]
    return {
        "runs": page,
        "top": page[0].cursor if page else None,
        "older": page[-1].cursor if len(runs) > PAGE_SIZE else None,
        "newer": newer,
        "most_newer": MOST_NEWER,
    }
