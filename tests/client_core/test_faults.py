"""Writes through a connection that breaks: nothing doubled, nothing lost, the outcome told truly.

Every write method is called again and again, each time cut at another point of another request,
with a server that is back at once, that is gone for good, or that goes while the call repeats
itself. What the tables hold then is compared with what they hold without the call and with it.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast, get_args

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from client_core import (
    DatabaseUnavailable,
    DBOSClient,
    DebouncerClient,
    EnqueueOptions,
    OutcomeUnknown,
    QueryTimeout,
    ScheduleDefinition,
    SendMessage,
    WorkflowHandle,
)
from client_core.pool import open_pool
from tests.client_core.conftest import Insert, wait_for_lock
from tests.databases import OTHER_TABLES, RUN_TABLES, delete_rows
from tests.proxy import Cut, Proxy, Step
from tests.test_rules import WRITES

Sql = psycopg.Connection[Any]
Call = Callable[[DBOSClient], object]
State = list[str]

HOUR = 3_600
#: How long a call waits for a server that is gone; a slow machine can only make it give up sooner.
PATIENCE_SECONDS = 0.05
#: The public methods of a client that change nothing in the database.
READS = {
    "application_dialect",
    "cancel_sql",
    "capabilities",
    "changes",
    "check_enqueue",
    "compare_steps",
    "count_workflows",
    "create",
    "decode_payload",
    "delay_sql",
    "delete_sql",
    "destroy",
    "enqueue_sql",
    "export_schedules",
    "fork_sql",
    "get_all_events",
    "get_event",
    "get_exchange",
    "get_fork_preview",
    "get_latest_application_version",
    "get_overview",
    "get_payload_text",
    "get_queue",
    "get_queue_details",
    "get_queue_history",
    "get_replica_lag_seconds",
    "get_schedule",
    "get_workflow",
    "group_errors",
    "last_success_before",
    "list_active_queue_names",
    "list_application_versions",
    "list_attribute_keys",
    "list_attribute_values",
    "list_descendants",
    "list_event_history",
    "list_held_debounces",
    "list_known_values",
    "list_obstacles",
    "list_queue_activity",
    "list_queued_workflows",
    "list_queues",
    "list_schedules",
    "list_step_rows",
    "list_stream_values",
    "list_workflow_steps",
    "last_failed_steps",
    "list_workflows",
    "preview_backfill",
    "priority_sql",
    "read_stream",
    "reading",
    "recent_schedule_runs",
    "recent_workflow_names",
    "registered_queue_names",
    "schedule_dialects",
    "resume_sql",
    "retrieve_workflow",
    "send_sql",
    "step_results",
    "suggest_fork_start",
    "wait_all",
    "wait_first",
}


@dataclass(frozen=True)
class Case:
    """A write: what has to be there, and the call."""

    call: Call
    #: Done before, through a connection that does not break.
    prepare: Call = lambda client: None
    #: Rows that are there before, as SQL.
    rows: str = ""
    #: Whether the method sends its write again when the connection breaks.
    repeats: bool = True
    #: Whether it is all or nothing; otherwise each row is as before or as after.
    whole: bool = True


def options(**given: Any) -> EnqueueOptions:
    return EnqueueOptions(**{"workflow_name": "order", "queue_name": "orders", **given})


def debouncer(client: DBOSClient, **given: Any) -> DebouncerClient:
    return DebouncerClient(client, workflow_name="index", **given)


def schedule(name: str, **given: Any) -> ScheduleDefinition:
    definition = {"workflow_name": "clean", "schedule": "0 3 * * *"}
    return cast(ScheduleDefinition, {"schedule_name": name, **definition, **given})


def create_schedule(client: DBOSClient) -> object:
    return client.create_schedule(**schedule("nightly", context={"a": 1}))


def create_paused(client: DBOSClient) -> None:
    create_schedule(client)
    client.pause_schedule("nightly")


def create_two(client: DBOSClient) -> None:
    create_schedule(client)
    client.create_schedule(**schedule("gone"))


FAMILY = """
INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, priority,
    parent_workflow_id, delay_until_epoch_ms)
VALUES ('parent', 'PENDING', 'job', 'q', 0, NULL, NULL),
    ('child', 'ENQUEUED', 'job', 'q', 5, 'parent', NULL),
    ('grandchild', 'DELAYED', 'job', 'q', 5, 'child', 1),
    ('other', 'SUCCESS', 'job', 'q', 0, NULL, NULL);
INSERT INTO dbos.workflow_input (workflow_uuid, inputs)
SELECT workflow_uuid, '[]' FROM dbos.workflow_status;
INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, output)
SELECT 'parent', n, '1' FROM generate_series(1, 3) n;
INSERT INTO dbos.workflow_events_history (workflow_uuid, function_id, key, value)
VALUES ('parent', 1, 'k', '1')"""
VERSIONS = """
INSERT INTO dbos.application_versions (version_id, version_name, version_timestamp, created_at)
VALUES ('1', 'v1', 1, 1), ('2', 'v2', 2, 2)"""
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 4, tzinfo=UTC)

#: By method; after a colon stands a variant.
CASES = {
    "enqueue": Case(lambda c: c.enqueue(options(), "ann", gift=True)),
    "enqueue: ID": Case(lambda c: c.enqueue(options(workflow_id="order-1", delay_seconds=HOUR))),
    "enqueue: ID that is there": Case(
        lambda c: c.enqueue(options(workflow_id="order-1"), "again"),
        lambda c: c.enqueue(options(workflow_id="order-1"), "first"),
    ),
    "enqueue: deduplication ID": Case(lambda c: c.enqueue(options(deduplication_id="ann"))),
    "enqueue: return existing": Case(
        lambda c: c.enqueue(
            options(deduplication_id="ann", duplication_policy="return-existing"), "again"
        ),
        lambda c: c.enqueue(options(deduplication_id="ann"), "first"),
    ),
    "enqueue_many": Case(
        lambda c: c.enqueue_many(
            [(options(), [1], {}), (options(deduplication_id="ann"), [2], {"gift": True})]
        )
    ),
    "enqueue_many: IDs": Case(
        lambda c: c.enqueue_many([(options(workflow_id=f"order-{n}"), [n], {}) for n in range(5)]),
        lambda c: c.enqueue(options(workflow_id="order-3"), "first"),
    ),
    "send": Case(lambda c: c.send("parent", 1), rows=FAMILY),
    "send: key": Case(lambda c: c.send("parent", 1, "topic", "key"), rows=FAMILY),
    "send_many": Case(
        lambda c: c.send_many([SendMessage("parent", 1), SendMessage("child", 2, "topic", "key")]),
        rows=FAMILY,
    ),
    "cancel_workflow": Case(lambda c: c.cancel_workflow("parent"), rows=FAMILY, repeats=False),
    "cancel_workflow: children": Case(
        lambda c: c.cancel_workflow("parent", cancel_children=True),
        rows=FAMILY,
        repeats=False,
        whole=False,
    ),
    "cancel_workflows": Case(
        lambda c: c.cancel_workflows(["parent", "other", "none", "child"]),
        rows=FAMILY,
        repeats=False,
    ),
    "resume_workflow": Case(lambda c: c.resume_workflow("parent"), rows=FAMILY, repeats=False),
    "resume_workflows": Case(
        lambda c: c.resume_workflows(["parent", "other", "child"], queue_name="again"),
        rows=FAMILY,
        repeats=False,
    ),
    "delete_workflow": Case(
        lambda c: c.delete_workflow("parent", delete_children=True), rows=FAMILY, repeats=False
    ),
    "delete_workflows": Case(
        lambda c: c.delete_workflows(["parent", "other"]), rows=FAMILY, repeats=False
    ),
    "fork_workflow": Case(lambda c: c.fork_workflow("parent", 3), rows=FAMILY),
    "fork_workflow: ID": Case(
        lambda c: c.fork_workflow("parent", 2, new_workflow_id="fork", queue_name="q"), rows=FAMILY
    ),
    "set_workflow_delay": Case(
        lambda c: c.set_workflow_delay("grandchild", delay_seconds=2 * HOUR), rows=FAMILY
    ),
    "set_workflow_delay: moment": Case(
        lambda c: c.set_workflow_delay("grandchild", delay_until_epoch_ms=4), rows=FAMILY
    ),
    "set_workflow_priority": Case(lambda c: c.set_workflow_priority("child", 7), rows=FAMILY),
    "debounce_workflow": Case(
        lambda c: c.debounce_workflow(options(), "ann", HOUR * 1_000), repeats=False
    ),
    "debounce": Case(
        lambda c: debouncer(c, dialect="python").debounce("ann", 2 * HOUR * 1_000, "last"),
        lambda c: debouncer(c, dialect="python").debounce("ann", HOUR * 1_000, "first"),
        repeats=False,
    ),
    "register_queue": Case(lambda c: c.register_queue("orders", global_concurrency=5)),
    "register_queue: there": Case(
        lambda c: c.register_queue("orders", worker_concurrency=2),
        lambda c: c.register_queue("orders", global_concurrency=5),
    ),
    "register_queue: left": Case(
        lambda c: c.register_queue("orders", on_conflict="never_update"),
        lambda c: c.register_queue("orders", global_concurrency=5),
    ),
    "update_queue": Case(
        lambda c: c.update_queue("orders", worker_concurrency=2),
        lambda c: c.register_queue("orders", global_concurrency=5),
    ),
    "delete_queue": Case(lambda c: c.delete_queue("orders"), lambda c: c.register_queue("orders")),
    "set_latest_application_version": Case(
        lambda c: c.set_latest_application_version("v1"), rows=VERSIONS
    ),
    "create_schedule": Case(create_schedule),
    "update_schedule": Case(
        lambda c: c.update_schedule("nightly", schedule="0 4 * * *", context=[2]), create_schedule
    ),
    "delete_schedule": Case(lambda c: c.delete_schedule("nightly"), create_schedule),
    "pause_schedule": Case(lambda c: c.pause_schedule("nightly"), create_schedule),
    "pause_schedules": Case(
        lambda c: c.pause_schedules(["nightly", "gone"]), create_two, repeats=False
    ),
    "resume_schedules": Case(
        lambda c: c.resume_schedules(["nightly"]), create_paused, repeats=False
    ),
    "resume_schedule": Case(lambda c: c.resume_schedule("nightly"), create_paused),
    "apply_schedules": Case(
        lambda c: c.apply_schedules([schedule("nightly", queue_name="q"), schedule("weekly")]),
        create_two,
        repeats=False,
    ),
    "trigger_schedule": Case(lambda c: c.trigger_schedule("nightly"), create_schedule),
    "backfill_schedule": Case(
        lambda c: c.backfill_schedule("nightly", START, END), create_schedule
    ),
}


class Fault:
    """One case, called through a proxy."""

    def __init__(self, case: Case, sql: Sql, direct: DBOSClient, proxy: Proxy) -> None:
        self.case, self.sql, self.direct, self.proxy = case, sql, direct, proxy
        self.before = self.prepare()
        trips = proxy.round_trips
        self.answer = self.call([])
        self.after = state(sql)
        #: The requests of an undisturbed call; one more was the warming up.
        self.requests = proxy.round_trips - trips - 1

    def prepare(self) -> State:
        """Make what has to be there, and nothing else; returns it."""
        delete_rows(self.sql)
        if self.case.rows:
            self.sql.execute(self.case.rows.encode())
        self.case.prepare(self.direct)
        return state(self.sql)

    def call(self, script: Sequence[Step], *, is_warm: bool = True) -> str:
        """What the call returned, with a connection to which this happens."""
        pool = open_pool(self.proxy.url, max_size=1, timeout_seconds=30)
        with pool, DBOSClient.create(system_database_pool=pool, dialect="typescript") as client:
            if is_warm:
                client._db._capabilities = self.direct.capabilities
                client.get_queue("none")
            if "refuse" in script:
                pool.timeout = PATIENCE_SECONDS
            self.proxy.play(*script)
            try:
                return told(self.case.call(client))
            finally:
                self.proxy.play()

    def happened(self) -> bool | None:
        """Whether the tables are as after the call, rather than as before; None if half."""
        found = state(self.sql)
        if found in (self.before, self.after):
            return found == self.after
        assert not self.case.whole, ({*found} ^ {*self.before}, {*found} ^ {*self.after})
        assert {*found} <= {*self.before, *self.after}
        assert len(found) == len(self.after)
        return None


def state(sql: Sql) -> State:
    """All rows of all tables; what is made anew by each call is left out, times are in hours."""
    rows: State = []
    for table in (*RUN_TABLES, *OTHER_TABLES):
        dump = f"SELECT to_jsonb(t) - 'creator_xid' AS row FROM dbos.{table} t"
        for found in sql.execute(dump.encode()):
            lasting = {name: _lasting(value) for name, value in found["row"].items()}
            rows.append(f"{table} {lasting}")
    return sorted(rows)


def told(answer: object) -> str:
    """What a call returned, without what each call makes anew."""
    if isinstance(answer, list):
        return f"[{', '.join(map(told, answer))}]"
    new = f" is_new={answer.is_new}" if isinstance(answer, WorkflowHandle) else ""
    return str(_lasting(f"{answer!r}{new}"))


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+")
_EPOCH_MS = re.compile(r"\b\d{13}\b")


def _lasting(value: object) -> object:
    text = _UUID.sub("<UUID>", _TIME.sub("<time>", str(value)))
    return _EPOCH_MS.sub(lambda ms: f"{round((int(ms[0]) / 1_000 - time.time()) / HOUR)} h", text)


@pytest.fixture
def fault(request: pytest.FixtureRequest, system_url: str, sql: Sql) -> Iterator[Fault]:
    with (
        Proxy(system_url) as proxy,
        DBOSClient.create(system_url, dialect="typescript") as direct,
    ):
        yield Fault(CASES[request.param], sql, direct, proxy)


every_case = pytest.mark.parametrize("fault", CASES, indirect=True)


def test_every_write_method_has_a_case() -> None:
    covered = {name.partition(":")[0] for name in CASES}
    assert covered == WRITES | {"debounce"}
    public = {name for name in dir(DBOSClient) if not name.startswith("_")}
    assert public == WRITES | READS


@every_case
def test_without_a_server_nothing_is_written(fault: Fault) -> None:
    fault.prepare()
    with pytest.raises(DatabaseUnavailable):
        fault.call(["refuse"], is_warm=False)
    assert state(fault.sql) == fault.before


@every_case
def test_a_cut_is_made_good_or_told(fault: Fault) -> None:
    """The server is back at once."""
    for number in range(fault.requests):
        for cut in get_args(Cut):
            fault.prepare()
            try:
                answer = fault.call([None] * number + [cut])
            except OutcomeUnknown:
                assert not fault.case.repeats
                if fault.happened() is not None and number == fault.requests - 1:
                    assert fault.happened() == (cut == "before the answer")
            else:
                assert answer == fault.answer
                assert fault.happened()


@every_case
def test_a_server_that_goes_for_good_leaves_nothing_that_is_told_wrongly(fault: Fault) -> None:
    """It goes with the cut, or some requests later, in the midst of the call's own repeating."""
    lost = 0
    for number in range(fault.requests):
        for cut in get_args(Cut):
            later = range(fault.requests + 1) if cut == "before the answer" else (0,)
            for requests in later:
                fault.prepare()
                try:
                    answer = fault.call([None] * number + [cut] + [None] * requests + ["refuse"])
                except DatabaseUnavailable:
                    assert state(fault.sql) == fault.before
                except OutcomeUnknown:
                    lost += fault.happened() is True
                else:
                    assert answer == fault.answer
                    assert fault.happened()
    # The answer of the last commit was among what was lost.
    assert lost


def test_a_repeat_that_fails_says_nothing_about_the_first_attempt(
    system_url: str, sql: Sql, insert: Insert
) -> None:
    insert(workflow_uuid="run-1", status="ENQUEUED")
    with (
        Proxy(system_url) as proxy,
        DBOSClient.create(proxy.url, statement_timeout_ms=100) as client,
        psycopg.connect(system_url) as other,
    ):
        other.execute("SELECT 1 FROM dbos.workflow_status FOR UPDATE")
        with pytest.raises(QueryTimeout):
            client.set_workflow_priority("run-1", 7)
        proxy.cut_next("before the answer")
        with pytest.raises(OutcomeUnknown):
            client.set_workflow_priority("run-1", 7)


def test_a_first_attempt_may_end_after_its_repeat_began(system_url: str, sql: Sql) -> None:
    """The server goes on with what it has; the repeat waits for it, and then the server goes."""
    errors: list[Exception] = []
    # Statements that are not prepared are one request each.
    settings = {"prepare_threshold": None, "connect_timeout": 2}
    with (
        Proxy(system_url) as proxy,
        ConnectionPool(
            proxy.url, min_size=0, max_size=1, timeout=2, open=True, kwargs=settings
        ) as pool,
        DBOSClient.create(system_database_pool=pool) as client,
    ):
        client.get_queue("none")

        def enqueue() -> None:
            try:
                client.enqueue(options(workflow_id="order-1"))
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=enqueue)
        with psycopg.connect(system_url) as other:
            other.execute("INSERT INTO dbos.workflow_input VALUES ('order-1', '[]')")
            proxy.play("while it runs", None, "refuse")
            thread.start()
            wait_for_lock(other)
            first = "SELECT pid FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            [pid] = other.execute(first).fetchone() or [0]
            second = "SELECT 1 FROM pg_locks WHERE %s = ANY(pg_blocking_pids(pid))"
            while not other.execute(second, [pid]).fetchone():
                assert thread.is_alive(), errors
        thread.join()
    assert [type(error) for error in errors] == [OutcomeUnknown]
    assert "order-1" in "".join(state(sql))
