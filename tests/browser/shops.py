"""The demo's shop in Python, and beside it one in TypeScript on the same system database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dbos
import pytest

from client_core import DBOSClient
from tests.browser.readings import Reading, Superjson, read_by_python, read_by_typescript
from tests.contract.matrix.model import LANGUAGES, Language
from tests.contract.node import TypeScriptClient, TypeScriptProcess, typescript_worker
from tests.contract.workers import until

if TYPE_CHECKING:
    from tests.browser.conftest import Demo

DAY_SECONDS = 86_400
#: How many orders are made ready beforehand, which spares the tests most of the waiting.
READY = 3


@dataclass(frozen=True)
class Shop:
    """An application that executes, with the official clients of its database."""

    language: Language
    executor: str
    #: Ours, to arrange with.
    ours: DBOSClient
    python: dbos.DBOSClient
    typescript: TypeScriptClient | None
    #: What the shop is rid of after the test.
    runs: list[str] = field(default_factory=list)
    #: Orders that wait for a person by the time that a test asks for one.
    ready: list[str] = field(default_factory=list)

    def queue(self, name: str) -> str:
        """Its own queue of this name."""
        return name if self.typescript is None else f"{name}-ts"

    def start(self, workflow: str, *args: Any, later: bool = False) -> str:
        """Put a run on the queue of orders with the official client, or a day later; its ID."""
        queue, official = self.queue("orders"), self.typescript
        if official is None:
            named: dbos.EnqueueOptions = {"workflow_name": workflow, "queue_name": queue}
            if later:
                named["delay_seconds"] = DAY_SECONDS
            run = self.python.enqueue(named, *args).get_workflow_id()
        else:
            options = {"workflowName": workflow, "queueName": queue}
            more = {"delaySeconds": DAY_SECONDS} if later else {}
            run = official.enqueue({**options, **more}, *args)
        self.runs.append(run)
        return run

    def order(self, *, later: bool = False) -> str:
        """An order, which waits for a person's approval unless it is to start later; its ID."""
        given = ("order", "ann", ["mug"])
        if later:
            return self.start(*given, later=True)
        while len(self.ready) <= READY:
            self.ready.append(self.start(*given))
        run = self.ready.pop(0)
        until(lambda: self.ours.get_event(run, "progress") == "waiting for approval")
        return run

    def cancel(self, run: str) -> None:
        """Cancel with the official client."""
        if self.typescript is None:
            self.python.cancel_workflow(run)
        else:
            self.typescript.cancelWorkflow(run)

    def read(self, run: str) -> list[Reading | None]:
        """What each official client reads."""
        readings = [read_by_python(self.python, run)]
        if self.typescript is not None:
            readings.append(read_by_typescript(self.typescript, run))
        return readings


@pytest.fixture(scope="session")
def python_shop(demo: "Demo", system: DBOSClient) -> Iterator[Shop]:
    """That of the demo."""
    client = dbos.DBOSClient(system_database_url=demo.system_url)
    yield Shop("python", "demo-worker", system, client, None)
    client.destroy()


@pytest.fixture(scope="session")
def typescript_shop(
    demo: "Demo", system: DBOSClient, typescript: TypeScriptProcess
) -> Iterator[Shop]:
    """One of the official SDK for TypeScript."""
    client = dbos.DBOSClient(system_database_url=demo.system_url, serializer=Superjson())
    with typescript_worker(demo.system_url, "shop.mjs"):
        official = typescript.client(demo.system_url)
        yield Shop("typescript", "shop-ts-worker", system, client, official)
    client.destroy()


@pytest.fixture(params=LANGUAGES)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Each of them; what the test started there is cancelled afterwards."""
    one: Shop = request.getfixturevalue(f"{request.param}_shop")
    yield one
    over = [run for run in one.runs if run not in one.ready]
    one.ours.cancel_workflows(over, cancel_children=True)
    one.runs[:] = one.ready
