"""An application on an old Python SDK, run by that SDK's own interpreter: `worker.py URL MODE`.

With `seed` it migrates the database, leaves the runs in it that the tests read, and ends. With
`serve` it prints READY, and then, for each run ID that it is given, what the official client of
that SDK reads of the run; it ends when its input closes.
"""

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from dbos import DBOS, DBOSClient, Queue, SetWorkflowID

URL, MODE = sys.argv[1:]

# Of any type: each SDK has its own of the configuration.
urls: Any = {"system_database_url": URL, "application_database_url": URL}
config: Any = {
    "name": "contract",
    **urls,
    "application_version": "v1",
    "executor_id": "old-1",
    "run_admin_server": False,
    "log_level": "CRITICAL",
}
DBOS(config=config)
Queue("work")

VALUES = {
    "text": "grüß ✓",
    "numbers": [3, 2.5, -1, 2**60],
    "truth": [True, False, None],
    "pair": (1, "b"),
    "tags": {"a", "b"},
    "raw": b"\x00\xff",
    "when": datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    "price": Decimal("1.50"),
    "id": UUID(int=7),
}


class OutOfStock(Exception):
    """An error of the application's own."""

    def __init__(self, item: str, left: int) -> None:
        super().__init__(f"{left} of {item} left")
        self.item = item


@DBOS.step()
def add(a: int, b: int) -> int:
    return a + b


@DBOS.step()
def take(item: str) -> None:
    raise OutOfStock(item, 0)


@DBOS.workflow()
def report(customer: str, values: Any, *, urgent: bool) -> Any:
    DBOS.set_event("progress", "started")
    total = add(add(1, 2), 3)
    DBOS.write_stream("log", {"total": total})
    DBOS.write_stream("log", values)
    DBOS.close_stream("log")
    DBOS.set_event("progress", values)
    message = DBOS.recv("decision", timeout_seconds=60)
    return {"customer": customer, "urgent": urgent, "values": values, "message": message}


@DBOS.workflow()
def failing(reason: str) -> None:
    raise ValueError(reason)


@DBOS.workflow()
def ordering(item: str) -> None:
    take(item)


@DBOS.workflow()
def child(number: int) -> int:
    return add(number, number)


@DBOS.workflow()
def parent(number: int) -> int:
    with SetWorkflowID("child"):
        return DBOS.start_workflow(child, number).get_result()


@DBOS.workflow()
def echo(*args: Any, **kwargs: Any) -> Any:
    return {"args": list(args), "kwargs": kwargs}


@DBOS.workflow()
def approval(document: str) -> Any:
    DBOS.set_event("question", f"approve {document}?")
    return DBOS.recv("decision", timeout_seconds=60)


@DBOS.workflow()
def naps(count: int) -> str:
    for _ in range(count):
        DBOS.sleep(0.05)
    return "rested"


@DBOS.workflow()
def tick(when: datetime, context: Any) -> Any:
    return {"when": when.isoformat(), "context": context}


def seed(client: DBOSClient) -> None:
    with SetWorkflowID("success"):
        success = DBOS.start_workflow(report, "ann", VALUES, urgent=True)
    DBOS.send("success", VALUES, "decision")
    success.get_result()
    _let_fail("failure", failing, "no stock")
    _let_fail("own failure", ordering, "tea")
    with SetWorkflowID("parent"):
        parent(4)
    client.enqueue(
        {"queue_name": "nobody", "workflow_name": "echo", "workflow_id": "waiting"},
        "ann",
        greeting={"text": "hello"},
    )
    client.send("waiting", VALUES, "decision")
    if hasattr(DBOS, "create_schedule"):
        DBOS.create_schedule(
            schedule_name="yearly", workflow_fn=tick, schedule="0 0 1 1 *", context=VALUES
        )


def _let_fail(workflow_id: str, workflow: Any, *args: Any) -> None:
    with SetWorkflowID(workflow_id):
        try:
            workflow(*args)
        except Exception:
            return
    raise AssertionError("It did not fail.")


def serve(client: DBOSClient) -> None:
    print("READY", flush=True)
    for line in sys.stdin:
        workflow_id = line.rstrip("\n")
        [run] = client.list_workflows(workflow_ids=[workflow_id])
        seen = {
            "status": run.status,
            "name": run.name,
            "queue_name": run.queue_name,
            "priority": run.priority,
            "input": run.input,
            "output": run.output,
        }
        print(json.dumps(seen, default=repr), flush=True)


if __name__ == "__main__":
    DBOS.launch()
    own_client = DBOSClient(**urls)
    {"seed": seed, "serve": serve}[MODE](own_client)
    own_client.destroy()
    DBOS.destroy()
