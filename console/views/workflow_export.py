"""What the list of workflows finds, as a file."""

from collections.abc import Iterator
from operator import attrgetter

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from client_core import WorkflowFilter, WorkflowStatus
from console.export import Columns, Format, cells, exported, without_secrets
from console.http import Request
from console.masking import Masks, configured
from console.operations import control
from console.permissions import Action, requires
from console.systems import System
from console.workflows.search import parse

#: Runs that are read at once.
PAGE = 1_000
_FIELDS = [
    name
    for name in WorkflowStatus._fields
    if name not in ("attributes", "input", "output", "error")
]


@require_safe
@requires(Action.WORKFLOW_EXPORT)
def export(request: Request, system: System) -> HttpResponseBase:
    """Every run that a search finds, the newest first, without its payloads."""
    line = request.GET.get("q", "")
    search = parse(line, zone=timezone.get_current_timezone())
    if search.problems:
        address = redirect("workflows", system)
        address["Location"] += "?" + urlencode({"q": line})
        return address
    form = Format.of(request.GET.get("format"))
    # The first page is read here, so that what is wrong with the search is a page, and no file.
    first = _page(system, search.filters)
    control.note_export(request.user, system, line, {"format": form})
    columns = _columns(configured())
    pages = (
        [cells(columns, run) for run in page] for page in _pages(system, search.filters, first)
    )
    return exported(form, f"workflows-{system.name}", list(columns), pages)


def _pages(
    system: System, filters: WorkflowFilter, page: list[WorkflowStatus]
) -> Iterator[list[WorkflowStatus]]:
    while page:
        yield page
        if len(page) < PAGE:
            return
        page = _page(system, {**filters, "after": page[-1].cursor})


def _page(system: System, filters: WorkflowFilter) -> list[WorkflowStatus]:
    asked: WorkflowFilter = {**filters, "limit": PAGE, "sort_desc": True}
    return system.client.list_workflows(**asked)


def _columns(masks: Masks) -> Columns:
    plain = {name: attrgetter(name) for name in _FIELDS}
    return {**plain, "attributes": lambda run: without_secrets(run.attributes, masks)}
