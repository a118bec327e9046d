"""What became of the runs of an operation, run by run."""

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from django.db import connection

from console.models import Operation, OperationRun
from console.operations.chunks import kind_of
from console.operations.kinds import Outcome

#: Runs that are read at once.
PAGE = 2_000

#: In the order in which a page tells them.
_ORDER = list(Outcome)
_ICONS = {
    Outcome.DONE: "success",
    Outcome.STOPS: "success",
    Outcome.REFUSED: "error",
    Outcome.UNKNOWN: "warning",
}

#: A run's columns in a file.
COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    name: itemgetter(name)
    for name in ("workflow_id", "name", "status", "before", "outcome", "meaning", "detail")
}


def outcomes(operation: Operation) -> list[tuple[str, str, int]]:
    """The outcomes there are, with an icon, in words and counted."""
    kind = kind_of(operation)
    return [
        (_ICONS.get(one, "next"), kind.words(one), operation.outcomes[one])
        for one in _ORDER
        if operation.outcomes.get(one)
    ]


def results(operation: Operation) -> Iterator[list[dict[str, Any]]]:
    """All runs of an operation, page by page, in the order of the plan."""
    kind = kind_of(operation)
    words = {one: kind.words(one) for one in (None, *Outcome.values)}
    fields = ("position", "workflow_id", "name", "status", "before", "outcome", "detail")
    runs = OperationRun.objects.filter(operation=operation).order_by("position")
    last = 0
    while True:
        try:
            page = list(runs.filter(position__gt=last).values(*fields)[:PAGE])
        finally:
            # The next page may be read by another thread, and nobody else closes this one's.
            if not connection.in_atomic_block:
                connection.close()
        if not page:
            return
        last = page[-1]["position"]
        yield [{**row, "meaning": words[row["outcome"]]} for row in page]
