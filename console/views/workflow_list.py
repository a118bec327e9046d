"""The list of workflows: a search, and the pages of what it finds."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from client_core import QueryTimeout, UnsupportedBySchema, WorkflowFilter
from console.forms import FilterForm
from console.http import Request, wants_partial
from console.models import SavedView
from console.permissions import Action, requires
from console.preferences import columns_of
from console.search import Search, parse
from console.systems import System
from console.views.common import known_names, lacking

PAGE_SIZE = 50
#: What came since is counted up to here.
MOST_NEWER = 99
TEMPLATE = "workflows/list.html"


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """The newest runs that a search finds, a page at a time."""
    if "filter" in request.GET:
        return _as_search(request, system)
    search = parse(request.GET.get("q", ""), zone=timezone.get_current_timezone())
    if not wants_partial(request) and (workflow_id := _whole_id(search, system)):
        return redirect("workflow", system, workflow_id)
    context = {
        "search": search,
        "is_first": "after" not in request.GET,
        "columns": columns_of(request),
    }
    if not search.problems:
        try:
            context |= _page(request, system, search.filters)
        except QueryTimeout as error:
            search.problems.append(
                f"{error} It was stopped, so that it slows nothing down: narrow it, with a name or "
                "with a time such as created:<1d."
            )
        except UnsupportedBySchema as error:
            search.problems.append(lacking(error))
    status = 422 if search.problems else 200
    if wants_partial(request):
        return render(request, f"{TEMPLATE}#found", context, status=status)
    context |= {
        "form": FilterForm(search=search),
        "views": list(SavedView.seen_by(request.user, system.name)),
        **known_names(system),
    }
    return render(request, TEMPLATE, context, status=status)


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


def _page(request: Request, system: System, filters: WorkflowFilter) -> dict[str, Any]:
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
    runs = system.client.list_workflows(**chosen)
    page = runs[:PAGE_SIZE]
    return {
        "runs": page,
        "top": page[0].cursor if page else None,
        "older": page[-1].cursor if len(runs) > PAGE_SIZE else None,
        "newer": newer,
        "most_newer": MOST_NEWER,
    }
