"""The signs of life that a machine asks for."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from console import readiness
from console.http import Request
from console.permissions import public


@public
@require_safe
def healthz(request: Request) -> HttpResponse:
    """The process serves; it asks no database, so that none that is away has it killed."""
    return HttpResponse("ok", content_type="text/plain")


@public
@require_safe
def readyz(request: Request) -> HttpResponse:
    """Whether this replica should be given requests: 200, or 503 with the reason."""
    reason = readiness.why_not()
    if reason:
        return HttpResponse(f"not ready: {reason}", content_type="text/plain", status=503)
    return HttpResponse("ready", content_type="text/plain")
