"""Real applications in both languages, each on a database of its own, and the clients of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import dbos

from client_core import DBOSClient, EnqueueOptions, WorkflowHandle
from tests.contract.matrix.model import Language
from tests.contract.node import TypeScriptClient

T = TypeVar("T")

#: Long enough for the slowest machine; a worker needs a fraction of a second.
PATIENCE = 60


@dataclass(frozen=True)
class Worker:
    """An application that executes, with our client and the official one on its database."""

    language: Language
    url: str
    ours: DBOSClient
    official: Any

    def start(self, workflow_name: str, *args: Any, **options: Any) -> WorkflowHandle:
        """Enqueue with ours."""
        given = {"workflow_name": workflow_name, "queue_name": "work", **options}
        return self.ours.enqueue(EnqueueOptions(**given), *args)

    def debounce(self, key: str, period_ms: int, *args: Any) -> str:
        """Debounce `echo` with the official client; the run's ID."""
        if isinstance(self.official, TypeScriptClient):
            config = {"workflowName": "echo", "startWorkflowParams": {"queueName": "work"}}
            return str(self.official.debounce(config, key, period_ms, *args))
        names: Any = {"workflow_name": "echo", "queue_name": "work"}
        debouncer = dbos.DebouncerClient(self.official, names)
        return debouncer.debounce(key, period_ms / 1_000, *args).get_workflow_id()

    def backfill(self, name: str, start: datetime, end: datetime) -> list[str]:
        """Backfill with the official client; the IDs of the runs."""
        if isinstance(self.official, TypeScriptClient):
            found: list[str] = self.official.backfillSchedule(name, start, end)
            return found
        handles = self.official.backfill_schedule(name, start, end)
        return [handle.get_workflow_id() for handle in handles]

    def echoed(self, workflow_id: str) -> list[Any]:
        """The arguments that a run of `echo` got."""
        result = self.ours.retrieve_workflow(workflow_id).get_result(PATIENCE)
        given: list[Any] = result["args"] if self.language == "python" else result
        return given


def until(look: Callable[[], T]) -> T:
    """What `look` gives as soon as it gives something; it fails when patience is over."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)
    return found
