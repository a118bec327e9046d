"""Every action of the console through a connection that breaks: what the page says is what is so.

Each form is sent again and again, each time cut at another point of another request, with a server
that is back at once, that is gone for good, or that goes some requests later. What the tables hold
then is compared with what the page and the audit entry say; what was typed is never lost, and what
comes back can be sent again and then acts once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, get_args

import psycopg
import pytest
from django.test import Client

from client_core import DBOSClient
from console import systems
from console.masking import DOTS
from console.models import AuditEntry
from tests.client_core.test_faults import FAMILY, PATIENCE_SECONDS, state
from tests.console.browsing import form_on
from tests.console.tampering import empty_the_log
from tests.console.test_debounces import DEBOUNCE
from tests.console.test_messages import SEND
from tests.console.test_workflows import ENQUEUE, run_url, text
from tests.databases import delete_rows
from tests.proxy import Cut, Proxy, Step

Sql = psycopg.Connection[Any]

SECRET = """
INSERT INTO dbos.workflow_status (workflow_uuid, status, name, serialization)
VALUES ('secret', 'SUCCESS', 'order', 'portable_json');
INSERT INTO dbos.workflow_input (workflow_uuid, inputs)
VALUES ('secret', '{"positionalArgs": [], "namedArgs": {"password": "hunter2"}}')"""


HELD = """
INSERT INTO dbos.workflow_status (workflow_uuid, status, name, serialization, queue_name,
    deduplication_id, is_debounced, delay_until_epoch_ms)
VALUES ('held', 'DELAYED', 'order', 'portable_json', '_dbos_internal_queue', 'order-ann',
    TRUE, 1)"""


@dataclass(frozen=True)
class Case:
    """A form, what is typed into it, and what it says when it is done."""

    path: str
    says: str
    typed: dict[str, str] = field(default_factory=dict)
    rows: str = FAMILY
    #: Whether it is all or nothing; otherwise each row is as before or as after.
    whole: bool = True


def enqueued(says: str = "Enqueued on orders.", rows: str = "", **typed: str) -> Case:
    required = {"workflow_name": "order", "queue_name": "orders", "anyway": "yes"}
    return Case(ENQUEUE, says, {**required, **typed}, f"{FAMILY};{rows}")


def debounced(says: str, rows: str = "") -> Case:
    """An enqueue with a key and a period."""
    required = {"workflow_name": "order", "debounce_key": "ann", "debounce_period_ms": "60000"}
    typed = {**required, "dialect": "python", "anyway": "yes"}
    return Case(DEBOUNCE, says, typed, f"{FAMILY};{rows}")


def sent(says: str = "The message is sent", **typed: str) -> Case:
    return Case(SEND, says, {"destination_id": "parent", "message": '{"yes": 1}', **typed})


def of_run(workflow_id: str, action: str, says: str, *, whole: bool = True, **typed: str) -> Case:
    return Case(run_url(workflow_id, f"{action}/"), says, typed, whole=whole)


CASES = {
    "enqueue": enqueued(args='["ann", 1]', kwargs='{"gift": true}', priority="7"),
    "enqueue: ID": enqueued(workflow_id="order-1", delay_seconds="3600"),
    "enqueue: deduplication ID": enqueued(deduplication_id="ann"),
    "enqueue: like a run": enqueued(
        rows=SECRET, like="secret", kwargs=f'{{"password": "{DOTS}"}}', args='["anew"]'
    ),
    "debounce": debounced("It waits for further calls with this key."),
    "debounce: again": debounced("The run that waits is put off", HELD),
    "send": sent(),
    "send: key": sent(topic="approval", idempotency_key="key"),
    "cancel": of_run("parent", "cancel", "Running code stops at its next step."),
    "cancel: children": of_run(
        "parent",
        "cancel",
        "Of the 2 runs below it 2 were cancelled.",
        with_children="on",
        whole=False,
    ),
    "resume": of_run("parent", "resume", "Resumed: it goes on"),
    "resume: queue": of_run("child", "resume", "Resumed: it goes on", queue_name="again"),
    "fork": of_run("parent", "fork", "Forked: this is the new run", start_step="3", previewed="3"),
    "fork: ID": of_run(
        "parent",
        "fork",
        "Forked: this is the new run, from step 2 on.",
        start_step="2",
        previewed="2",
        new_workflow_id="fork",
        queue_name="q",
    ),
    "delete": of_run("other", "delete", "Deleted other."),
    "delete: children": of_run(
        "parent",
        "delete",
        "Deleted parent and 2 runs below it.",
        with_children="on",
        confirmation="parent",
    ),
    "delay": of_run("grandchild", "delay", "Its delay is changed.", delay_seconds="7200"),
    "delay: moment": of_run(
        "grandchild", "delay", "Its delay is changed.", until="2040-01-02T03:04:05"
    ),
    "priority": of_run("child", "priority", "Its priority is 8 now.", priority="8"),
}


class Person:
    """Somebody who sends the form of a case through a proxy."""

    def __init__(
        self, case: Case, browser: Client, sql: Sql, direct: DBOSClient, proxy: Proxy
    ) -> None:
        self.case, self.browser, self.sql, self.direct, self.proxy = (
            case,
            browser,
            sql,
            direct,
            proxy,
        )
        form, self.before = self.prepare()
        trips = proxy.round_trips
        self.says = self.read(self.send(form))
        assert case.says in self.says
        self.after = state(sql)
        assert self.after != self.before
        #: The requests of an undisturbed act; one more was the warming up.
        self.requests = proxy.round_trips - trips - 1

    def prepare(self) -> tuple[dict[str, str], list[str]]:
        """Make what has to be there, and nothing else; the form to send, and the rows."""
        empty_the_log()
        delete_rows(self.sql)
        self.sql.execute(self.case.rows.encode())
        self.connect()
        form = form_on(self.browser.get(self.case.path))
        if "until" in self.case.typed or "delay_seconds" in self.case.typed:
            form |= {"until": "", "delay_seconds": ""}
        form = {name: value for name, value in form.items() if value}
        return form | self.case.typed, state(self.sql)

    def connect(self) -> DBOSClient:
        """A connection for the console that no cut before has touched."""
        systems.all_systems()["main"].client.destroy()
        systems._client.cache_clear()
        client = systems.all_systems()["main"].client
        client._db._capabilities = self.direct.capabilities
        client._db._pool.resize(0, 1)
        return client

    def send(
        self, form: dict[str, str], script: Sequence[Step] = (), *, is_warm: bool = True
    ) -> Any:
        """Send a form on a connection to which this happens."""
        client = self.connect()
        if is_warm:
            client.get_queue("none")
        if "refuse" in script:
            client._db._pool.timeout = PATIENCE_SECONDS
        self.proxy.play(*script)
        try:
            return self.browser.post(self.case.path, form)
        finally:
            self.proxy.play()

    def read(self, response: Any) -> str:
        """What the page says that answers, or the one that comes after it."""
        if response.status_code == HTTPStatus.FOUND:
            # Any page has the message; this one asks the system database nothing.
            return text(self.browser.get("/preferences/"))
        codes = (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
        assert response.status_code in codes, text(response)
        return text(response)

    def happened(self) -> bool | None:
        """Whether the tables are as after the act, rather than as before; None if half."""
        found = state(self.sql)
        if found in (self.before, self.after):
            return found == self.after
        assert not self.case.whole, ({*found} ^ {*self.before}, {*found} ^ {*self.after})
        assert {*found} <= {*self.before, *self.after}
        return None

    def try_with(self, script: Sequence[Step], *, is_warm: bool = True) -> str:
        """Send the form so disturbed, hold what is said true, and send again what comes back."""
        form, _ = self.prepare()
        response = self.send(form, script, is_warm=is_warm)
        page = self.read(response)
        outcomes = [entry.outcome for entry in AuditEntry.objects.all()]
        if "broke before the database answered" in page:
            told = "unknown"
            assert outcomes == ["unknown"]
            self.assert_state_is_told(page, form)
        elif "nothing was written" in page:
            told = "nothing"
            assert outcomes in ([], ["failed"])
            assert state(self.sql) == self.before
        else:
            told = "done"
            assert outcomes == ["done"]
            assert self.case.says in page
            assert self.happened()
        if "Look at it" in page or response.status_code == HTTPStatus.FOUND:
            self.assert_sent_twice_is_told(form, told)
        else:
            self.assert_it_can_be_sent_again(form, response, told)
        return told

    def assert_state_is_told(self, page: str, form: dict[str, str]) -> None:
        happened = self.happened()
        if found := re.search(r"It is now ([A-Z]+)(?:.*? with the priority (\d))?", page):
            run = self.direct.get_workflow(self.case.path.split("/")[-3])
            assert run
            assert run.status == found[1]
            assert not found[2] or run.priority == int(found[2])
        elif "It is gone." in page or "a run with this ID is there" in page:
            assert happened
        else:
            assert "Look at it" in page or "Send it again" in page

    def assert_sent_twice_is_told(self, form: dict[str, str], told: str) -> None:
        """The person sends the same once more: by a reload, a click too many."""
        was = state(self.sql)
        page = self.read(self.send(form))
        if (told == "unknown" and self.case.path == ENQUEUE) or "/fork/" in self.case.path:
            assert "existed already" in page or "This was sent twice" in page
        else:
            assert "This was sent twice" in page
        assert state(self.sql) == was

    def assert_it_can_be_sent_again(self, form: dict[str, str], response: Any, told: str) -> None:
        kept = form_on(response)
        assert {name: kept.get(name, "") for name in form} == form
        page = self.read(self.send(kept))
        assert self.case.says in page or (told == "unknown" and "existed already" in page)
        assert state(self.sql) == self.after
        outcomes = [entry.outcome for entry in AuditEntry.objects.all()]
        assert outcomes in (["done"], ["done", "failed"])


@pytest.fixture
def person(
    request: pytest.FixtureRequest,
    proxy: Proxy,
    sql: Sql,
    client: DBOSClient,
    administrator: Client,
) -> Person:
    return Person(CASES[request.param], administrator, sql, client, proxy)


every_case = pytest.mark.parametrize("person", CASES, indirect=True)


@every_case
def test_a_cut_is_made_good_or_told(person: Person) -> None:
    """The server is back at once."""
    told = {
        person.try_with([None] * number + [cut])
        for number in range(person.requests)
        for cut in get_args(Cut)
    }
    assert "done" in told


@every_case
def test_a_server_that_goes_for_good_leaves_a_true_sentence(person: Person) -> None:
    """It goes with the cut, or some requests later."""
    told = set()
    for number in range(person.requests):
        for cut in get_args(Cut):
            later = range(2) if cut == "before the answer" else (0,)
            for requests in later:
                script = [None] * number + [cut] + [None] * requests + ["refuse"]
                told.add(person.try_with(script))
    assert "unknown" in told


@every_case
def test_without_a_server_nothing_is_done_and_all_is_kept(person: Person) -> None:
    assert person.try_with(["refuse"], is_warm=False) == "nothing"
