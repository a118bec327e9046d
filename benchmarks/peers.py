"""The clients that are measured, each by the same operations.

Each call is made as its users make it: with the client's own defaults, unless the operation's name
says otherwise.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import dbos

from client_core import DBOSClient, EnqueueOptions

PAGE = 50
#: As many as the official client's pool has connections.
THREADS = 5
WORKFLOW, QUEUE = "place_order", "orders"
ORDER = {"id": "A-1", "lines": [{"sku": "A-1", "count": 2}], "total": 49.5}

#: What a client does with one run's ID; some have no use for it.
Operation = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the clients meet, and the sizes of what they do."""

    url: str
    #: The page at depth follows so many runs, the newest first …
    depth: int
    #: … of which this is the last, in the way that our client names its place.
    cursor: str
    enqueues: int


class Peer(Protocol):
    """A client to be measured."""

    def times(self, operation: str, ids: Sequence[str], budget_seconds: float) -> list[float]:
        """The milliseconds that each call took; calls end when the budget is used up."""

    def result_at(self, workflow_id: str) -> float:
        """Wait for this run's result; the Unix time of its arrival, in seconds."""


class PythonPeer:
    """A client of this process."""

    def __init__(
        self, operations: Mapping[str, Operation], get_result: Callable[[str], object]
    ) -> None:
        self._operations = operations
        self._get_result = get_result

    def times(self, operation: str, ids: Sequence[str], budget_seconds: float) -> list[float]:
        """As :meth:`Peer.times`."""
        call = self._operations[operation]
        taken: list[float] = []
        began = time.perf_counter()
        for workflow_id in ids:
            start = time.perf_counter()
            call(workflow_id)
            end = time.perf_counter()
            taken.append((end - start) * 1000)
            if end - began > budget_seconds:
                break
        return taken

    def result_at(self, workflow_id: str) -> float:
        """As :meth:`Peer.result_at`."""
        self._get_result(workflow_id)
        return time.time()


def our_peer(client: DBOSClient, scene: Scene) -> PythonPeer:
    """Our client."""

    def enqueue_many(_: str) -> None:
        options = EnqueueOptions(workflow_name=WORKFLOW, queue_name=QUEUE)
        client.enqueue_many((options, (ORDER,), {}) for _ in range(scene.enqueues))

    def page(**more: Any) -> Operation:
        return lambda _: client.list_workflows(limit=PAGE, sort_desc=True, **more)

    def enqueue(_: str) -> object:
        return client.enqueue(EnqueueOptions(workflow_name=WORKFLOW, queue_name=QUEUE), ORDER)

    return PythonPeer(
        {
            "enqueue": enqueue,
            "enqueue_many": enqueue_many,
            "page": page(),
            "page_with_payloads": page(load_payloads=True),
            "deep_page": page(after=scene.cursor),
            "deep_page_with_payloads": page(after=scene.cursor, load_payloads=True),
            "get": client.get_workflow,
            "steps": client.list_workflow_steps,
            "send": lambda workflow_id: client.send(workflow_id, ORDER, "topic"),
        },
        lambda workflow_id: client.retrieve_workflow(workflow_id).get_result(),
    )


def official_peer(client: dbos.DBOSClient, scene: Scene) -> PythonPeer:
    """The official Python client. It has no call that enqueues many, so that is a loop."""

    def enqueue(_: object) -> object:
        return client.enqueue({"workflow_name": WORKFLOW, "queue_name": QUEUE}, ORDER)

    def enqueue_many(_: str) -> None:
        for number in range(scene.enqueues):
            enqueue(number)

    def enqueue_many_threaded(_: str) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(enqueue, range(scene.enqueues)))

    def page(**more: Any) -> Operation:
        return lambda _: client.list_workflows(limit=PAGE, sort_desc=True, **more)

    lean = {"load_input": False, "load_output": False}
    return PythonPeer(
        {
            "enqueue": enqueue,
            "enqueue_many": enqueue_many,
            "enqueue_many_threaded": enqueue_many_threaded,
            "page": page(),
            "page_without_payloads": page(**lean),
            "deep_page": page(offset=scene.depth),
            "deep_page_without_payloads": page(offset=scene.depth, **lean),
            "get": lambda workflow_id: client.list_workflows(workflow_ids=[workflow_id]),
            "steps": client.list_workflow_steps,
            "send": lambda workflow_id: client.send(workflow_id, ORDER, "topic"),
        },
        lambda workflow_id: client.retrieve_workflow(workflow_id).get_result(),
    )
