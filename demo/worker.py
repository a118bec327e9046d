"""A small shop, run by DBOS: the application whose workflows the demo shows.

Run it with `DBOS_SYSTEM_DATABASE_URL=postgresql://… python -m demo.worker`. It prints READY when
it takes work. Kill it whenever you like, even with SIGKILL: each workflow goes on after the last
step that it finished, because DBOS keeps every step in PostgreSQL.

Three rules make that work, and the code below keeps them:
- What touches the world, or could answer differently next time, is a *step*.
- A workflow only calls steps and DBOS, in an order that its arguments decide.
- Arguments and results are plain JSON values, so that a client in any language can start the work.
"""

import os
import random
import signal
import threading
import time
from datetime import datetime
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from demo.trickle import Trickle

APPROVAL_SECONDS = 24 * 60 * 60
REPORT_NAP_SECONDS = 60
STOP_SECONDS = 5

PRICES = {"mug": 9.5, "teapot": 34.0, "tea": 6.25, "spoon": 3.0, "tray": 18.75}
USUAL_PRICE = 12.0


# ── An order: steps, events, a stream, child workflows, a retry, and a person who decides ────────


@DBOS.workflow(name="order")
def order(customer: str, items: list[Any]) -> dict[str, Any]:
    """Takes an order from the customer's list to the parcel, asking a person before it ships."""
    stage("validating")
    lines = validate(customer, items)
    stage("pricing", lines=len(lines))
    total = price(lines)

    # Each line is reserved by a workflow of its own. Its ID follows from the order's ID, so that
    # an order that is run again after a crash finds its reservations instead of making new ones.
    stage("reserving stock", total=total)
    reservations = []
    for number, line in enumerate(lines, start=1):
        with SetWorkflowID(f"{DBOS.workflow_id}-stock-{number}"):
            reservations.append(DBOS.enqueue_workflow("warehouse", reserve_stock, line))
    for reservation in reservations:
        reservation.get_result(polling_interval_sec=0.1)

    stage("charging the card")
    charge_card(customer, total)

    stage("waiting for approval")
    decision = DBOS.recv("approval", timeout_seconds=APPROVAL_SECONDS)
    result = {"order": DBOS.workflow_id, "customer": customer, "total": total}
    if not approves(decision):
        status = "expired" if decision is None else "rejected"
        stage(status)
        DBOS.close_stream("log")
        return {**result, "status": status, "approved_by": None}

    stage("shipping")
    ship(customer, lines)
    stage("shipped")
    DBOS.close_stream("log")
    return {**result, "status": "shipped", "approved_by": decision.get("by")}


def stage(name: str, **details: Any) -> None:
    """Tells the world how far the order is: an event holds the latest, a stream all of them."""
    DBOS.set_event("progress", name)
    DBOS.write_stream("log", {"stage": name, **details})


def approves(decision: object) -> bool:
    """Whether a message is a yes. It comes from outside, so it may be anything."""
    return isinstance(decision, dict) and decision.get("approved") is True


@DBOS.step()
def validate(customer: str, items: list[Any]) -> list[dict[str, Any]]:
    """The lines of the order; `"mug"` is short for one of it."""
    if not customer or not items:
        raise ValueError("An order needs a customer and at least one item.")
    lines = [{"sku": item} if isinstance(item, str) else dict(item) for item in items]
    return [{"sku": line["sku"], "quantity": int(line.get("quantity", 1))} for line in lines]


@DBOS.step()
def price(lines: list[dict[str, Any]]) -> float:
    """What the customer pays."""
    prices = [PRICES.get(line["sku"], USUAL_PRICE) * line["quantity"] for line in lines]
    return float(round(sum(prices), 2))


@DBOS.workflow(name="reserve_stock")
def reserve_stock(line: dict[str, Any]) -> dict[str, Any]:
    """Puts aside what one line asks for."""
    return {**line, "shelf": find_shelf(line["sku"])}


@DBOS.step()
def find_shelf(sku: str) -> str:
    """Where the goods lie."""
    return f"{random.choice('ABCDEF')}{random.randint(1, 40)}"


@DBOS.step(retries_allowed=True, max_attempts=4, interval_seconds=0.2)
def charge_card(customer: str, total: float) -> str:
    """Charges the card. The bank's first answer is always an error, so the step is retried."""
    if DBOS.step_status and DBOS.step_status.current_attempt == 0:
        raise ConnectionError("The bank closed the connection.")
    return f"receipt-{random.randrange(10**8):08}"


@DBOS.step()
def ship(customer: str, lines: list[dict[str, Any]]) -> str:
    """Hands the parcel over."""
    return f"parcel-{random.randrange(10**8):08}"


# ── Other work, each with one thing to show ──────────────────────────────────────────────────────


@DBOS.workflow(name="import_catalog")
def import_catalog(url: str) -> int:
    """Fails for good: the supplier's server never answers, and the retries run out."""
    return len(fetch_catalog(url))


@DBOS.step(retries_allowed=True, max_attempts=3, interval_seconds=0.2)
def fetch_catalog(url: str) -> list[str]:
    """Reads the supplier's price list."""
    raise ConnectionError(f"{url} answered 503 Service Unavailable")


@DBOS.workflow(name="long_report")
def long_report(hours: float) -> dict[str, Any]:
    """Takes hours. Cancel it and resume it: it goes on where it was.

    It sleeps in short naps, because a workflow notices at its next step that it was cancelled.
    """
    naps = round(hours * 60 * 60 / REPORT_NAP_SECONDS)
    for nap in range(naps):
        DBOS.set_event("progress", f"{nap / naps:.0%}")
        DBOS.sleep(REPORT_NAP_SECONDS)
    return {"pages": naps}


@DBOS.workflow(name="annual_report")
def annual_report(hours: float) -> list[Any]:
    """A long report for each quarter. Cancel it with its children, or they go on without it."""
    quarters = []
    for number in range(1, 5):
        with SetWorkflowID(f"{DBOS.workflow_id}-q{number}"):
            quarters.append(DBOS.enqueue_workflow("reports", long_report, hours))
    return [quarter.get_result() for quarter in quarters]


@DBOS.workflow(name="send_email")
def send_email(to: str, subject: str) -> str:
    """Sends one e-mail; its queue lets only a few of them start in a minute."""
    return deliver(to, subject)


@DBOS.step()
def deliver(to: str, subject: str) -> str:
    """Speaks with the mail server."""
    time.sleep(random.uniform(0.1, 0.4))
    return f"delivered to {to}"


@DBOS.workflow(name="sync_tenant")
def sync_tenant(tenant: str) -> dict[str, Any]:
    """Copies one tenant's data; its queue runs tenants side by side, but each one's in turn."""
    return {"tenant": tenant, "rows": copy_rows(tenant)}


@DBOS.step()
def copy_rows(tenant: str) -> int:
    """Copies what has changed."""
    time.sleep(random.uniform(0.5, 2))
    return random.randint(1, 500)


@DBOS.workflow(name="stock_report")
def stock_report(scheduled_at: datetime, context: Any) -> None:
    """Counts the goods. A schedule starts it, and says when that should have been."""
    DBOS.set_event("report", {"at": scheduled_at.isoformat(), "of": context, "goods": count()})


@DBOS.step()
def count() -> int:
    """Counts them."""
    return random.randint(900, 1100)


# ── The process: configuration, queues, schedules, and a clean end ───────────────────────────────


def configuration() -> DBOSConfig:
    """What DBOS has to know."""
    return {
        "name": "demo-shop",
        "system_database_url": os.environ["DBOS_SYSTEM_DATABASE_URL"],
        # After a crash DBOS gives an executor its own work back, if the version is still the same.
        # By default the version is a hash of the code; ours stays, so that old orders go on.
        "application_version": "demo-shop-1",
        "executor_id": "demo-worker",
        "scheduler_polling_interval_sec": 5.0,
        "log_level": "ERROR",
    }


def register_queues() -> None:
    """Makes the queues. One that exists stays as it is: an operator may have changed it."""
    # An order holds its slot while it waits for approval, so there are many slots. They are
    # counted in the database: a cancelled order frees its own at once, while this process may
    # not have noticed yet.
    DBOS.register_queue(
        "orders", global_concurrency=50, polling_interval_sec=0.2, on_conflict="never_update"
    )
    DBOS.register_queue(
        "warehouse", worker_concurrency=4, polling_interval_sec=0.2, on_conflict="never_update"
    )
    DBOS.register_queue(
        "emails",
        limiter={"limit": 10, "period": 60},
        polling_interval_sec=0.5,
        on_conflict="never_update",
    )
    DBOS.register_queue(
        "tenants", partition_concurrency=1, polling_interval_sec=0.5, on_conflict="never_update"
    )
    DBOS.register_queue(
        "reports", global_concurrency=2, polling_interval_sec=0.5, on_conflict="never_update"
    )


def create_schedules() -> None:
    """Makes the schedule, unless it is there already, perhaps changed or paused by an operator."""
    if DBOS.get_schedule("stock-report-every-minute") is None:
        DBOS.create_schedule(
            schedule_name="stock-report-every-minute",
            workflow_fn=stock_report,
            schedule="* * * * *",
            context={"warehouse": "north"},
        )


def main() -> None:
    """Takes work until a signal says stop."""
    # Kept back for `sigwait`, from the threads that DBOS starts as well.
    stop_signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)

    DBOS(config=configuration())
    DBOS.launch()
    register_queues()
    create_schedules()
    threading.Thread(target=Trickle().run, daemon=True).start()
    print("READY", flush=True)
    signal.sigwait(stop_signals)

    # Workflows may sleep for hours, and Python would wait for their threads, so we leave at once.
    # Nothing is lost: what they have done is in the database, and the next start takes it up.
    watchdog = threading.Timer(STOP_SECONDS, os._exit, [0])
    watchdog.daemon = True
    watchdog.start()
    DBOS.destroy()
    os._exit(0)


if __name__ == "__main__":
    main()
