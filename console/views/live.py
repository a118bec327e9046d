"""The stream by which an open page hears that something changed."""

from django.db import close_old_connections
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from client_core import InvalidOption, Subject, SubjectKind, run_subject
from console import live
from console.http import Request
from console.permissions import Action, requires
from console.systems import System
from console.viewers import viewer_of

#: A page shows no more runs than this in such a way that it watches each.
MOST_RUNS = 4


@require_GET
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponseBase:
    """Server-sent events about ``run=…``, ``runs`` and ``failures``, as the address says.

    An answer without content tells the browser to stay away, for now: there are enough streams.
    """
    try:
        subjects = frozenset(map(run_subject, request.GET.getlist("run")[:MOST_RUNS]))
    except InvalidOption:
        subjects = frozenset()
    for kind in (SubjectKind.RUNS, SubjectKind.FAILURES):
        if kind.value in request.GET:
            subjects |= {Subject(kind)}
    viewer = viewer_of(request)
    if not live.has_room(viewer.person):
        return HttpResponse(status=204)
    # This request lasts as long as the page is open: it must not keep its connection that long.
    close_old_connections()
    return StreamingHttpResponse(
        live.stream(system, viewer, subjects),
        content_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )
