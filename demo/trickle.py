"""Keeps the demo's shop busy: new work every few seconds, and decisions on its own orders.

It knows the names of workflows and queues alone, as a client in another program would. All that
it starts has an ID that begins with `demo-`; what a person starts is that person's to decide.
"""

import random
import time
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS, EnqueueOptions, WorkflowSerializationFormat

LOOK_SECONDS = 2
# Somebody who has just started the demo wants to see it move. Later it has to last: at the calm
# pace a day brings about 9,000 runs, the schedule's and the orders' children among them.
LIVELY_SECONDS, LIVELY_PAUSE, CALM_PAUSE = 300, 4, 20
OPEN_ORDERS = 4

PEOPLE = ("ann", "bob", "chen", "dora", "emil", "fatima")
SKUS = ("mug", "teapot", "tea", "spoon", "tray")
SUBJECTS = ("Your order is on its way", "Your receipt", "Tea of the month")
TENANTS = ("acme", "globex", "initech")
REPORT_HOURS = 3
SUPPLIER = "https://supplier.example/catalog.json"


class Trickle:
    """The demo's customers, and the clerk who approves most of what they order."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._started = time.monotonic()
        self._next_work = self._started

    def run(self) -> None:
        """Works as long as the program. What it knows it reads, so that a restart is no matter."""
        try:
            seed()
        except Exception:
            DBOS.logger.exception("The first work of the demo could not be started")
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self._decide_orders()
                self._start_work()
            except Exception:  # A database that is away for a moment comes back.
                DBOS.logger.exception("The demo's trickle of work missed a turn")

    def _decide_orders(self) -> None:
        """Answers our orders a few seconds after they were first seen; few get a no."""
        now = time.monotonic()
        waiting = {run.workflow_id for run in open_orders("PENDING")}
        self._due = {order: self._due.get(order, now + random.uniform(2, 12)) for order in waiting}
        for order in [order for order, due in self._due.items() if due < now]:
            decision = {"approved": random.random() < 0.85, "by": random.choice(PEOPLE)}
            DBOS.send(order, decision, topic="approval")
            # An order that still waits after its answer was run again, and gets another one.
            del self._due[order]

    def _start_work(self) -> None:
        now = time.monotonic()
        if now < self._next_work:
            return
        lively = now - self._started < LIVELY_SECONDS
        self._next_work = now + (LIVELY_PAUSE if lively else CALM_PAUSE)
        work = (start_order, start_email, start_sync, start_import, start_report)
        random.choices(work, weights=(35, 30, 25, 6, 4))[0](f"{datetime.now(UTC):%Y%m%d-%H%M%S}")


def seed() -> None:
    """Some work of every kind at the very first start, so that the first page has much to show."""
    if DBOS.list_workflows(
        workflow_id_prefix="demo-", limit=1, load_input=False, load_output=False
    ):
        return
    for number in range(1, OPEN_ORDERS + 1):
        start_order(f"first-{number}")
    for number in range(1, 7):
        start_email(f"first-{number}")
        start_sync(f"first-{number}")
    start_email("first-later", delay_seconds=60 * 60)
    start_import("first")
    # Cancelled, and waiting for somebody to resume it.
    start_report("first-cancelled")
    DBOS.cancel_workflow("demo-report-first-cancelled")
    start_report("first")


def open_orders(*statuses: str) -> list[Any]:
    """Our orders in these states, without what is in them."""
    return DBOS.list_workflows(
        name="order",
        workflow_id_prefix="demo-order-",
        status=list(statuses),
        load_input=False,
        load_output=False,
    )


def start_order(key: str) -> None:
    """An order of one to three things, unless enough of ours are open."""
    if len(open_orders("ENQUEUED", "PENDING")) >= OPEN_ORDERS:
        return
    customer = random.choice(PEOPLE)
    chosen = random.sample(SKUS, k=random.randint(1, 3))
    items = [{"sku": sku, "quantity": random.randint(1, 4)} for sku in chosen]
    enqueue(
        "order", "orders", f"demo-order-{key}", customer, items, attributes={"customer": customer}
    )


def start_email(key: str, **options: Any) -> None:
    """A letter to a customer, in JSON as a client in any language would write it."""
    to, subject = f"{random.choice(PEOPLE)}@customer.example", random.choice(SUBJECTS)
    options["serialization_type"] = WorkflowSerializationFormat.PORTABLE
    enqueue("send_email", "emails", f"demo-email-{key}", to, subject, **options)


def start_sync(key: str) -> None:
    """A tenant's data; the tenant is the partition of the queue."""
    tenant = random.choice(TENANTS)
    enqueue("sync_tenant", "tenants", f"demo-sync-{key}", tenant, queue_partition_key=tenant)


def start_import(key: str) -> None:
    """The import that fails."""
    enqueue("import_catalog", "warehouse", f"demo-import-{key}", SUPPLIER)


def start_report(key: str) -> None:
    """A long report. Its deduplication ID keeps a second one away while one is alive."""
    enqueue(
        "long_report",
        "reports",
        f"demo-report-{key}",
        REPORT_HOURS,
        deduplication_id="long-report",
        duplication_policy="return-existing",
    )


def enqueue(workflow: str, queue: str, run_id: str, *arguments: Any, **options: Any) -> None:
    """Puts one run on a queue, by the workflow's name."""
    chosen: EnqueueOptions = {
        "workflow_name": workflow,
        "queue_name": queue,
        "workflow_id": run_id,
        **options,  # type: ignore[typeddict-item]
    }
    DBOS.enqueue_workflow_with_options(chosen, *arguments)
