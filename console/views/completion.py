"""What the search box offers while somebody types."""

from collections.abc import Callable, Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from client_core import SystemDatabaseError
from console.digits import whole_number
from console.http import Request
from console.masking import configured
from console.permissions import Action, requires
from console.systems import System
from console.workflows.completion import complete


@require_safe
@requires(Action.WORKFLOW_READ)
def index(request: Request, system: System) -> HttpResponse:
    """The options for the place of the caret in a line of terms."""
    line = request.GET.get("q", "")
    caret = whole_number(request.GET.get("at", ""))
    options = complete(line, len(line) if caret is None else caret, _Told(system), configured())
    return render(request, "completion/options.html", {"options": options})


class _Told:
    """What the system database tells in time; nothing is missed where it does not."""

    def __init__(self, system: System) -> None:
        self._client = system.client

    def values(self, field: str, beginning: str) -> Sequence[str]:
        return _in_time(lambda: self._client.list_known_values(field, beginning=beginning))

    def attribute_keys(self, path: Sequence[str]) -> Sequence[str]:
        return _in_time(lambda: self._client.list_attribute_keys(path))

    def attribute_values(self, path: Sequence[str]) -> Sequence[str]:
        return _in_time(lambda: self._client.list_attribute_values(path))


def _in_time(ask: Callable[[], list[str]]) -> list[str]:
    try:
        return ask()
    except SystemDatabaseError:
        return []
