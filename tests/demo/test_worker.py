"""The demo's shop: a real worker, asked by the official client as a person would."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dbos import DBOSClient, EnqueueOptions, Queue, WorkflowSerializationFormat, error

from demo.postgres import EmbeddedPostgres
from demo.waiting import wait_until
from tests.demo.conftest import reachable_folder

ITEMS = [{"sku": "mug", "quantity": 2}, {"sku": "tea", "quantity": 1}]
WAITING = "waiting for approval"


class Shop:
    """A shop with a database of its own, whose worker can be started again and again."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        name = f"shop_{uuid.uuid4().hex}"
        server.create_database(name)
        self.url = server.url(name)
        self.open()
        self.client = DBOSClient(system_database_url=self.url, application_name="demo-shop")

    def open(self) -> None:
        """Starts the worker, and returns when it takes work."""
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "demo.worker"],
            env={**os.environ, "DBOS_SYSTEM_DATABASE_URL": self.url},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.worker.stdout is not None
        assert self.worker.stdout.readline() == "READY\n"

    def close(self, signum: signal.Signals) -> int:
        """Ends the worker, and returns its exit code."""
        self.worker.send_signal(signum)
        self.worker.communicate(timeout=20)
        return self.worker.returncode

    def enqueue(self, workflow: str, queue: str, *arguments: Any) -> str:
        """Starts a workflow as the console does: by name, its arguments in JSON."""
        options: EnqueueOptions = {
            "workflow_name": workflow,
            "queue_name": queue,
            "serialization_type": WorkflowSerializationFormat.PORTABLE,
        }
        return self.client.enqueue(options, *arguments).workflow_id

    def waiting_order(self, items: list[Any]) -> str:
        """An order that waits for its approval."""
        order = self.enqueue("order", "orders", "ann", items)
        assert wait_until(lambda: self.progress(order) == WAITING, 20)
        return order

    def progress(self, run: str) -> Any:
        return self.client.get_event(run, "progress", 0)

    def result(self, run: str) -> Any:
        return self.client.retrieve_workflow(run).get_result(polling_interval_sec=0.05)


@contextmanager
def opened(server: EmbeddedPostgres) -> Iterator[Shop]:
    shop = Shop(server)
    yield shop
    shop.close(signal.SIGKILL)
    shop.client.destroy()


@pytest.fixture
def new_shop(server: EmbeddedPostgres) -> Iterator[Shop]:
    """A shop that opens for the first time; a test may close it."""
    with opened(server) as shop:
        yield shop


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop that stays open, for tests that only bring it work."""
    with reachable_folder() as folder, EmbeddedPostgres(folder) as server, opened(server) as shop:
        yield shop


def test_approved_order_is_shipped(shop: Shop) -> None:
    order = shop.waiting_order(ITEMS)
    shop.client.send(order, {"approved": True, "by": "bob"}, topic="approval")
    assert shop.result(order) == {
        "order": order,
        "customer": "ann",
        "total": 25.25,
        "status": "shipped",
        "approved_by": "bob",
    }
    assert shop.progress(order) == "shipped"
    assert [entry["stage"] for entry in shop.client.read_stream(order, "log")] == [
        "validating",
        "pricing",
        "reserving stock",
        "charging the card",
        "waiting for approval",
        "shipping",
        "shipped",
    ]


def test_order_has_steps_and_children(shop: Shop) -> None:
    order = shop.waiting_order(ITEMS)
    steps = [step["function_name"] for step in shop.client.list_workflow_steps(order)]
    assert [name for name in steps if not name.startswith("DBOS.")] == [
        "validate",
        "price",
        "reserve_stock",
        "reserve_stock",
        "charge_card",
    ]
    children = shop.client.list_workflows(parent_workflow_id=order)
    assert {run.workflow_id for run in children} == {f"{order}-stock-1", f"{order}-stock-2"}


@pytest.mark.parametrize("message", [{"approved": False, "by": "bob"}, "no", None, ["approved"]])
def test_other_answers_are_no_approval(shop: Shop, message: object) -> None:
    order = shop.waiting_order(["mug"])
    shop.client.send(order, message, topic="approval")
    assert shop.result(order)["status"] == ("rejected" if message else "expired")


def test_import_fails_for_good(shop: Shop) -> None:
    run = shop.enqueue("import_catalog", "warehouse", "https://supplier.example/")
    with pytest.raises(Exception, match="fetch_catalog has exceeded its maximum of 3 retries"):
        shop.result(run)
    (step,) = shop.client.list_workflow_steps(run)
    assert isinstance(step["error"], error.DBOSMaxStepRetriesExceeded)
    assert "503 Service Unavailable" in str(step["error"].errors[-1])


def test_many_orders_wait_side_by_side(shop: Shop) -> None:
    orders = [shop.enqueue("order", "orders", "ann", ["mug"]) for _ in range(12)]
    assert wait_until(lambda: all(shop.progress(order) == WAITING for order in orders), 30)


def test_shop_decides_its_own_orders_and_no_others(shop: Shop) -> None:
    order = shop.waiting_order(["mug"])

    def decided() -> bool:
        own = shop.client.list_workflows(workflow_id_prefix="demo-order-", status="SUCCESS")
        return any(run.name == "order" for run in own)

    assert wait_until(decided, 30, pause=0.2)
    assert shop.progress(order) == WAITING


def test_first_start_brings_work_of_every_kind(new_shop: Shop) -> None:
    expected = {
        ("order", "PENDING"),
        ("reserve_stock", "SUCCESS"),
        ("send_email", "SUCCESS"),
        ("send_email", "DELAYED"),
        ("sync_tenant", "SUCCESS"),
        ("import_catalog", "ERROR"),
        ("long_report", "PENDING"),
        ("long_report", "CANCELLED"),
    }
    client = new_shop.client
    seen: set[tuple[str, str]] = set()

    def all_seen() -> bool:
        seen.update((run.name, run.status) for run in client.list_workflows())
        return seen >= expected

    assert wait_until(all_seen, 20), expected - seen
    queues = {queue.name for queue in client.list_queues()}
    assert queues == {"orders", "warehouse", "emails", "tenants", "reports"}
    (schedule,) = client.list_schedules()
    assert schedule["schedule_name"] == "stock-report-every-minute"


def test_killed_shop_continues_its_work(new_shop: Shop) -> None:
    order = new_shop.waiting_order(ITEMS)
    new_shop.close(signal.SIGKILL)
    new_shop.client.send(order, {"approved": True, "by": "bob"}, topic="approval")
    new_shop.open()
    assert new_shop.result(order)["status"] == "shipped"
    steps = [step["function_name"] for step in new_shop.client.list_workflow_steps(order)]
    assert steps.count("charge_card") == 1


def test_shop_stops_though_work_sleeps_for_hours(new_shop: Shop) -> None:
    report = new_shop.enqueue("long_report", "reports", 8)
    assert wait_until(lambda: new_shop.progress(report) == "0%", 20)
    assert new_shop.close(signal.SIGTERM) == 0
    assert new_shop.client.retrieve_workflow(report).get_status().status == "PENDING"


def test_restart_keeps_what_an_operator_has_changed(new_shop: Shop) -> None:
    client, later = new_shop.client, "demo-email-first-later"
    assert wait_until(lambda: bool(client.list_workflows(workflow_ids=[later])), 20)

    def reports() -> Queue:
        return next(queue for queue in client.list_queues() if queue.name == "reports")

    reports().set_global_concurrency(7)
    client.pause_schedule("stock-report-every-minute")
    client.delete_workflow(later)
    assert new_shop.close(signal.SIGINT) == 0
    new_shop.open()
    assert new_shop.waiting_order(["mug"])
    assert reports().global_concurrency == 7
    assert client.list_schedules()[0]["status"] == "PAUSED"
    assert client.list_workflows(workflow_ids=[later]) == []
