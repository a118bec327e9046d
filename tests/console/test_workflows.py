"""The workflow pages, without a browser."""

import html
import json
import re
import time
import urllib.parse
import uuid
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.template.loader import render_to_string
from django.test import Client

from client_core import DBOSClient, EnqueueOptions, Obstacle, ObstacleKind, workflows
from client_core.database import Database
from console.models import AuditEntry
from console.systems import System
from console.views import workflow_list
from tests.console.conftest import Insert

LIST = "/s/main/workflows/"
COUNT = "/s/main/workflows/count/"
ENQUEUE = "/s/main/workflows/enqueue/"
HTMX = {"HX-Request": "true"}
Sql = psycopg.Connection[Any]


def run_url(workflow_id: str, action: str = "") -> str:
    return f"/s/main/workflows/run/{workflow_id}/{action}"


def text(response: Any) -> str:
    """What a person reads: the page without its tags."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def enqueue_fields(**given: str) -> dict[str, str]:
    return {"workflow_name": "order", "queue_name": "orders", "form_id": str(uuid.uuid4()), **given}


class TestWhyNotRunning:
    def test_it_is_told(self, viewer: Client, insert: Insert, system: System) -> None:
        system.client.register_queue("orders", global_concurrency=1)
        queue = {"queue_name": "orders", "executor_id": "local"}
        insert(workflow_uuid="runs", status="PENDING", **queue)
        insert(workflow_uuid="waits", status="ENQUEUED", created_at=5, **queue)
        page = viewer.get(run_url("waits"))
        assert "The queue runs 1 at once, and 1 do: runs" in text(page)
        assert f'href="{run_url("runs")}"' in page.content.decode()
        assert "Why is it not running" not in text(viewer.get(run_url("runs")))

    @pytest.mark.parametrize("kind", ObstacleKind)
    def test_every_obstacle_has_words(self, kind: ObstacleKind) -> None:
        obstacle = Obstacle(kind=kind, name="x", limit=3, count=1_000, until_ms=1)
        words = render_to_string("workflows/_obstacle.html", {"obstacle": obstacle})
        assert len(words.split()) > 4
        assert "None" not in words

    def test_nothing_known(self, viewer: Client, insert: Insert, system: System) -> None:
        system.client.register_queue("orders")
        insert(started_at_epoch_ms=time.time_ns() // 1_000_000)
        insert(workflow_uuid="waits", status="ENQUEUED", queue_name="orders")
        assert "the next executor that looks takes it" in text(viewer.get(run_url("waits")))


class TestList:
    def test_an_empty_system_says_what_to_do(self, viewer: Client, operator: Client) -> None:
        assert "No workflow has run yet" in text(viewer.get(LIST))
        assert "enqueue one" not in text(viewer.get(LIST))
        assert "enqueue one" in text(operator.get(LIST))

    def test_the_newest_come_first(self, viewer: Client, insert: Insert) -> None:
        insert(name="early", created_at=1_000)
        insert(name="late", created_at=2_000)
        page = text(viewer.get(LIST))
        assert page.index("late") < page.index("early")

    def test_pages_reach_everything_once(self, viewer: Client, insert: Insert) -> None:
        for number in range(120):
            insert(name=f"job-{number:03}", created_at=number // 7)
        seen: list[str] = []
        url: str | None = LIST
        while url:
            page = viewer.get(url).content.decode()
            seen += re.findall(r">(job-\d{3})</a>", page)
            older = re.search(r'href="([^"]+)" rel="next"', page)
            url = LIST + html.unescape(older[1]) if older else None
        assert len(seen) == len(set(seen)) == 120

    @pytest.mark.parametrize(
        ("query", "column", "value"),
        [
            ("status:error", "status", "ERROR"),
            ("name:order", "name", "order"),
            ("queue:orders", "queue_name", "orders"),
            ("user:ann", "authenticated_user", "ann"),
            ("version:v3", "application_version", "v3"),
            ("schedule:nightly", "schedule_name", "nightly"),
            ("parent:p", "parent_workflow_id", "p"),
            ("is:fork", "forked_from", "p"),
            ("attr.a.b=1", "attributes", '{"a": {"b": 1, "c": 2}}'),
            ("wanted", "workflow_uuid", "wanted-1"),
        ],
    )
    def test_each_term(
        self, viewer: Client, insert: Insert, query: str, column: str, value: str
    ) -> None:
        insert(executor_id="other", workflow_uuid="other-1", name="other")
        insert(**{"workflow_uuid": "wanted-9", column: value})
        page = text(viewer.get(LIST, {"q": query}, headers=HTMX))
        assert "wanted-" in page
        assert "other-1" not in page

    def test_the_age_filter(self, viewer: Client, insert: Insert) -> None:
        insert(name="ancient", created_at=1_000)
        insert(name="fresh")
        page = text(viewer.get(LIST, {"q": "created:<1h"}))
        assert "fresh" in page
        assert "ancient" not in page

    def test_a_filter_without_matches_can_be_taken_away(
        self, viewer: Client, insert: Insert
    ) -> None:
        insert()
        page = viewer.get(LIST, {"q": "name:none status:error"})
        assert "No workflow matches" in text(page)
        assert 'href="?q=status%3Aerror" title="Take name:none away"' in page.content.decode()

    def test_a_search_that_makes_no_sense_says_so_and_lists_nothing(
        self, viewer: Client, insert: Insert
    ) -> None:
        insert(name="job")
        response = viewer.get(LIST, {"q": "status:nonsense name:job"})
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "status:nonsense: nonsense is no status" in text(response)
        assert 'value="status:nonsense name:job"' in response.content.decode()
        assert ">job</a>" not in response.content.decode()

    def test_the_form_becomes_a_search(self, viewer: Client) -> None:
        fields = {"filter": "1", "q": "has:parent name:old", "name": "my job", "status": "error"}
        response = viewer.get(LIST, fields)
        line = urllib.parse.parse_qs(urllib.parse.urlsplit(response.headers["Location"]).query)
        assert line == {"q": ['has:parent status:error name:"my job"']}
        page = viewer.get(response.headers["Location"]).content.decode()
        assert 'name="name" value="&quot;my job&quot;"' in page

    @pytest.mark.parametrize("page", [LIST, COUNT, "/s/main/errors/"])
    def test_only_who_may_reveal_a_secret_may_search_for_it(
        self, viewer: Client, operator: Client, insert: Insert, page: str
    ) -> None:
        moment = time.time_ns() // 1_000_000
        secret = {"attributes": '{"password": "hunter2"}', "status": "ERROR"}
        insert(workflow_uuid="secret", name="found", created_at=moment, **secret)
        right, wrong = "attr.password=hunter2", "attr.password=hunter1"
        answers = [text(viewer.get(page, {"q": line})) for line in (right, wrong)]
        assert answers[0].replace(right, wrong) == answers[1]
        if page != COUNT:
            assert "only people who may reveal payloads can search for it" in answers[0]
            assert "found" in text(operator.get(page, {"q": right})).split()
            assert "found" not in text(operator.get(page, {"q": wrong})).split()

    def test_a_search_that_takes_too_long_is_stopped_and_answered(
        self, viewer: Client, insert: Insert, monkeypatch: pytest.MonkeyPatch, system: System
    ) -> None:
        insert(name="job", workflow_uuid="job-1")
        viewer.get(LIST, {"q": "job-"})  # What it asks once a process, it asks in its own time.
        monkeypatch.setattr(system.watching._db, "statement_timeout_ms", 100)
        slow = "ORDER BY (SELECT count(*) FROM generate_series(1, 100000000)), created_at"
        monkeypatch.setattr(workflows, "order", lambda _: slow)
        response = viewer.get(LIST, {"q": "name:job", "slow": "1"}, headers=HTMX)
        assert "narrow it, with a name" in text(response)
        assert "data-refresh" not in response.content.decode()
        response = viewer.get(LIST, {"q": "job-", "slow": "1"}, headers=HTMX)
        assert "paste the whole ID" in text(response)

    def test_a_slow_search_is_answered_at_once_and_then_by_its_rows(
        self, viewer: Client, insert: Insert, system: System, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(60):
            insert(name="job", workflow_uuid=f"job-{number}")
        viewer.get(LIST, {"q": "name:job"})  # What it asks once a process, it asks in its own time.
        monkeypatch.setattr(workflow_list, "FIRST_ANSWER_MS", 50)
        with psycopg.connect(system.url) as other:
            other.execute("LOCK TABLE dbos.workflow_status")
            page = viewer.get(LIST, {"q": "name:job"}, headers=HTMX).content.decode()
        assert "Still looking" in page
        assert "data-refresh" not in page
        goes_on = re.search(r'id="found" hx-get="([^"]+)" hx-trigger="load"', page)
        assert goes_on
        rows = viewer.get(LIST + html.unescape(goes_on[1]), headers=HTMX)
        assert "50 of more runs" in text(rows)
        # Neither it nor a count of it is asked for again and again.
        assert "data-refresh" not in rows.content.decode()
        assert "workflows/count/" not in rows.content.decode()
        older = re.search(r'href="([^"]+)" rel="next"', rows.content.decode())
        assert older
        assert "slow" not in older[1]

    def test_a_cursor_of_another_make_is_a_page_that_says_so(self, viewer: Client) -> None:
        response = viewer.get(f"{LIST}?after=nonsense")
        assert response.status_code == HTTPStatus.BAD_REQUEST
        assert "That link makes no sense" in text(response)

    def test_a_whole_id_leads_to_its_run(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="a/b c")
        response = viewer.get(LIST, {"q": "a/b c"})
        assert response.headers["Location"] == run_url("a~2Fb~20c")

    def test_htmx_is_given_the_rows_alone(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="run-1")
        piece = viewer.get(f"{LIST}?q=run-1", headers=HTMX).content.decode()
        assert piece.strip().startswith('<div id="found"')
        assert "<html" not in piece

    def test_a_page_that_refreshes_stays_and_tells_what_came_since(
        self, viewer: Client, insert: Insert
    ) -> None:
        for number in range(60):
            insert(name=f"job-{number}", created_at=number)
        page = viewer.get(LIST).content.decode()
        refresh = re.search(r'id="found" hx-get="([^"]+)"', page)
        assert refresh
        insert(name="late-1", created_at=100)
        insert(name="late-2", created_at=100)
        again = viewer.get(LIST + html.unescape(refresh[1]), headers=HTMX)
        assert "2 newer" in text(again)
        assert "late-1" not in text(again)
        assert re.findall(r">(job-\d+)</a>", again.content.decode()) == re.findall(
            r">(job-\d+)</a>", page
        )
        older = re.search(r'href="([^"]+)" rel="next"', again.content.decode())
        assert older
        assert "newer" not in text(viewer.get(LIST + html.unescape(older[1])))


class TestCount:
    def test_a_page_that_shows_all_needs_no_count(self, viewer: Client, insert: Insert) -> None:
        assert 'class="count"' not in viewer.get(LIST).content.decode()
        insert()
        page = viewer.get(LIST)
        assert " 1 run " in text(page)
        assert "workflows/count/" not in page.content.decode()
        insert()
        assert " 2 runs " in text(viewer.get(LIST))

    def test_a_page_of_more_asks_for_it(self, viewer: Client, insert: Insert) -> None:
        for _ in range(60):
            insert(name="a b")
        page = viewer.get(LIST, {"q": 'name:"a b"'}).content.decode()
        assert "50 of … runs" in text(viewer.get(LIST))
        asked = re.search(r'<span id="(count-\w+)" hx-get="([^"]+)" hx-trigger="load"', page)
        assert asked
        assert text(viewer.get(html.unescape(asked[2]))).strip() == "60"
        other = viewer.get(LIST).content.decode()
        assert asked[1] not in other

    def test_it_ends_at_a_ceiling(
        self, viewer: Client, insert: Insert, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workflow_list, "MOST_COUNTED", 3)
        for _ in range(4):
            insert()
        assert text(viewer.get(COUNT)).strip() == "3+"
        assert text(viewer.get(COUNT, {"q": "name:none"})).strip() == "0"
        assert text(viewer.get(COUNT, {"q": "name:"})).strip() == "?"

    def test_one_that_takes_too_long_is_not_known(
        self, viewer: Client, system: System, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workflow_list, "COUNT_TIMEOUT_MS", 50)
        with psycopg.connect(system.url) as other:
            other.execute("LOCK TABLE dbos.workflow_status")
            response = viewer.get(COUNT)
        assert response.status_code == HTTPStatus.OK
        assert text(response).strip() == "?"

    def test_a_list_asks_the_system_database_four_times_at_most(
        self, viewer: Client, insert: Insert, system: System, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(60):
            insert(workflow_uuid=f"run-{number}")
        viewer.get(LIST, {"q": "run-"})  # What is asked once in the life of a process.
        asked = []
        read = Database._read

        def counted(*args: Any, **kwargs: Any) -> Any:
            asked.append(args)
            return read(*args, **kwargs)

        monkeypatch.setattr(Database, "_read", counted)
        viewer.get(LIST, {"q": "run-"})
        assert len(asked) <= 4


class TestDetail:
    def test_what_it_was_given_what_it_did_and_what_came_of_it(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(
            workflow_uuid="run-1",
            name="order",
            queue_name="orders",
            inputs='{"positionalArgs":["ann"],"namedArgs":{}}',
            output='{"status":"shipped"}',
            serialization="portable_json",
        )
        sql.execute(
            "INSERT INTO dbos.operation_outputs "
            "(workflow_uuid, function_id, function_name, output, serialization, child_workflow_id)"
            " VALUES ('run-1', 1, 'charge', '\"receipt-7\"', 'portable_json', 'child-1')"
        )
        sql.execute(
            "INSERT INTO dbos.workflow_events VALUES ('run-1', 'progress', '3', 'portable_json')"
        )
        response = viewer.get(run_url("run-1"))
        page = text(response)
        for expected in ("order", "Success", '"ann"', '"shipped"', "charge", '"receipt-7"'):
            assert expected in page
        assert re.search(r"progress\s+3", page)
        assert run_url("child-1") in response.content.decode()

    def test_an_error_is_shown_with_its_name_and_message(
        self, viewer: Client, insert: Insert
    ) -> None:
        error = '{"name":"PaymentDeclined","message":"no <b>money</b>","data":{"tries":3}}'
        insert(workflow_uuid="r", status="ERROR", error=error, serialization="portable_json")
        response = viewer.get(run_url("r"))
        assert "PaymentDeclined : no <b>money</b>" in text(response)
        assert b"<b>money" not in response.content
        assert '"tries": 3' in text(response)

    @pytest.mark.parametrize("payload", ["<script>alert(1)</script>", "{{ 7|add:7 }}"])
    def test_payloads_are_text(self, viewer: Client, insert: Insert, payload: str) -> None:
        insert(
            workflow_uuid="r",
            name=payload,
            output=json.dumps(payload),
            inputs=payload,
            serialization="portable_json",
        )
        body = viewer.get(run_url("r")).content.decode()
        assert "<script>alert" not in body
        assert payload in html.unescape(body)

    def test_a_format_that_is_not_known_is_shown_raw(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", output="c29tZXRoaW5n", serialization="acme_encrypted")
        page = text(viewer.get(run_url("r")))
        assert "c29tZXRoaW5n" in page
        assert "acme_encrypted" in page

    def test_an_unknown_run_is_no_page(self, viewer: Client) -> None:
        for workflow_id in ("none", "~00", "~FF", "~D8"):
            response = viewer.get(run_url(workflow_id))
            assert response.status_code in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)

    def test_a_viewer_sees_that_acting_is_not_allowed(
        self, viewer: Client, operator: Client, insert: Insert
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        reason = "Your role on main does not include cancelling runs."
        assert reason in text(viewer.get(run_url("run-1")))
        assert run_url("run-1", "cancel/") in operator.get(run_url("run-1")).content.decode()


class TestEnqueue:
    def test_a_run_is_started_once_and_kept(self, operator: Client, client: DBOSClient) -> None:
        fields = enqueue_fields(args='["ann", [1]]', kwargs='{"gift": true}', priority="7")
        response = operator.post(ENQUEUE, fields)
        assert response.status_code == HTTPStatus.FOUND
        again = operator.post(ENQUEUE, fields)
        assert again.headers["Location"] == response.headers["Location"]
        [run] = client.list_workflows(load_payloads=True)
        assert (run.name, run.queue_name, run.priority) == ("order", "orders", 7)
        assert run.input
        assert run.input.args == ("ann", [1])  # type: ignore[union-attr]
        assert run.input.kwargs == {"gift": True}  # type: ignore[union-attr]
        entries = AuditEntry.objects.all()
        assert [entry.outcome for entry in entries] == ["done"]
        assert entries[0].username == "operator"
        assert entries[0].target == run.workflow_id
        assert entries[0].parameters["priority"] == 7
        assert "ann" not in json.dumps(entries[0].parameters)

    def test_the_run_it_leads_to_says_what_happened(self, operator: Client) -> None:
        fields = enqueue_fields()
        assert "Enqueued on orders." in text(operator.post(ENQUEUE, fields, follow=True))
        again = text(operator.post(ENQUEUE, fields, follow=True))
        assert "This was sent twice, and done once." in again
        named = enqueue_fields(workflow_id=AuditEntry.objects.get().target)
        assert "This run existed already" in text(operator.post(ENQUEUE, named, follow=True))

    @pytest.mark.parametrize(
        ("field", "typed", "rule"),
        [
            ("workflow_name", "", "This field is required."),
            ("workflow_name", "   ", "This field is required."),
            ("queue_name", "", "This field is required."),
            ("args", "[1,", "This is no JSON"),
            ("args", '{"a": 1}', "This must be a JSON array"),
            ("args", "[NaN]", "NaN is no JSON number"),
            ("args", "[" * 100_000, "nested too deeply"),
            ("kwargs", "[1]", "This must be a JSON object"),
            ("kwargs", '{"a": "\\ud800"}', "kwargs"),
            ("priority", "0", "must be a whole number from 1 to 2,147,483,647"),
            ("priority", "3000000000", "must be a whole number from 1 to 2,147,483,647"),
            ("priority", "high", "Enter a whole number."),
            ("workflow_id", "   ", "must not be empty or blank"),
            ("workflow_id", "x" * 2_601, "must have at most 2,600 bytes"),
            ("workflow_class_name", "x" * 256, "must have at most 255 characters"),
            ("delay_seconds", "-1", "must be from 0 to"),
            ("delay_seconds", "NaN", "Enter a number."),
            ("workflow_timeout_ms", "0", "must be a whole number from 1"),
            ("duplication_policy", "return-existing", "needs a deduplication ID"),
            ("duplication_policy", "other", "not one of the available choices"),
            ("serialization", "gob", "not one of the available choices"),
        ],
    )
    def test_what_is_wrong_is_told_by_the_field_and_nothing_typed_is_lost(
        self, operator: Client, client: DBOSClient, field: str, typed: str, rule: str
    ) -> None:
        others = {"queue_partition_key": "tenant-7", "app_version": "v<7>"}
        response = operator.post(ENQUEUE, enqueue_fields(**others, **{field: typed}))
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        body = response.content.decode()
        errors = re.search(rf'id="id_{field}_errors">(.*?)</ul>', body, re.DOTALL)
        assert errors, text(response)
        assert rule in html.unescape(errors[1])
        for kept in ("tenant-7", "v<7>", typed.strip()):
            assert kept in html.unescape(body)
        assert client.list_workflows() == []
        assert not AuditEntry.objects.filter(outcome="done")

    def test_an_id_of_another_workflow(self, operator: Client, insert: Insert) -> None:
        insert(workflow_uuid="run-1", name="refund")
        response = operator.post(
            ENQUEUE, enqueue_fields(workflow_id="run-1", args="[1]", anyway="yes")
        )
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        page = response.content.decode()
        assert re.search(r'id="id_workflow_id_errors">.*refund', page, re.DOTALL)
        assert "[1]" in page
        assert AuditEntry.objects.get().outcome == "failed"

    def test_what_is_doubted_is_asked_back_once(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        insert(name="order", serialization="js_superjson")
        client.register_queue("orders")
        fields = enqueue_fields(
            workflow_name="ordre", queue_name="order", serialization="py_pickle"
        )
        response = operator.post(ENQUEUE, fields)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        page = html.unescape(response.content.decode())
        for field, sentence in {
            "workflow_name": "Is it “order”?",
            "queue_name": "Is it “orders”?",
            "serialization": "Only Python reads py_pickle",
        }.items():
            assert re.search(rf'id="id_{field}_errors">.*{re.escape(sentence)}', page, re.DOTALL)
        assert 'value="ordre"' in page
        assert len(client.list_workflows()) == 1
        [anyway] = re.findall(r'<button type="submit" name="anyway" value="(\w+)"', page)

        # What the person has not seen is asked back again.
        other = operator.post(ENQUEUE, {**fields, "queue_name": "nowhere", "anyway": anyway})
        assert other.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert operator.post(ENQUEUE, {**fields, "anyway": anyway}).status_code == HTTPStatus.FOUND
        assert len(client.list_workflows(name="ordre")) == 1

    def test_a_named_argument_may_have_any_name(self, operator: Client, client: DBOSClient) -> None:
        kwargs = {"options": 1, "self": 2, "args": 3}
        response = operator.post(ENQUEUE, enqueue_fields(kwargs=json.dumps(kwargs)))
        assert response.status_code == HTTPStatus.FOUND
        [run] = client.list_workflows(load_payloads=True)
        assert run.input.kwargs == kwargs  # type: ignore[union-attr]

    def test_a_held_deduplication_id(self, operator: Client) -> None:
        operator.post(ENQUEUE, enqueue_fields(deduplication_id="ann"))
        response = operator.post(ENQUEUE, enqueue_fields(deduplication_id="ann"))
        assert "already holds the deduplication ID" in text(response)

    def test_a_pickle_is_written_where_it_is_chosen(
        self, operator: Client, client: DBOSClient
    ) -> None:
        operator.post(ENQUEUE, enqueue_fields(args="[1]", serialization="py_pickle"))
        [run] = client.list_workflows(load_payloads=True)
        assert run.serialization == "py_pickle"
        assert run.input
        assert run.input.args == (1,)  # type: ignore[union-attr]

    def test_five_megabytes_of_arguments(self, operator: Client, client: DBOSClient) -> None:
        response = operator.post(ENQUEUE, enqueue_fields(args=json.dumps(["x" * 5 * 2**20])))
        assert response.status_code == HTTPStatus.FOUND
        assert len(client.list_workflows()) == 1

    def test_htmx_is_sent_to_the_run(self, operator: Client) -> None:
        response = operator.post(ENQUEUE, enqueue_fields(), headers=HTMX)
        assert response.headers["HX-Redirect"].startswith(run_url("")[:-1])

    def test_the_form_suggests_what_the_database_knows(
        self, operator: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(name="order")
        sql.execute("INSERT INTO dbos.queues (name) VALUES ('orders')")
        body = operator.get(ENQUEUE).content.decode()
        assert '<option value="order">' in body
        assert '<option value="orders">' in body

    def test_it_offers_the_arguments_of_recent_runs(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        options = EnqueueOptions(
            workflow_name="order", queue_name="orders", workflow_id="a/b", app_version="v7"
        )
        client.enqueue(options, "ann", password="mellon")
        insert(name="refund")
        body = operator.get(ENQUEUE, {"workflow_name": "order"}, headers=HTMX).content.decode()
        assert f'href="{ENQUEUE}?like=a%2Fb"' in body
        assert "ann" in body
        assert "mellon" not in body
        assert '<option value="v7">' in body
        assert "Begin with the arguments" not in operator.get(ENQUEUE).content.decode()
        unknown = operator.get(ENQUEUE, {"workflow_name": "nobody"}).content.decode()
        assert "Begin with the arguments" not in unknown

    def test_a_link_can_fill_the_form(self, operator: Client) -> None:
        body = operator.get(f"{ENQUEUE}?workflow_name=order").content.decode()
        assert 'value="order"' in body


class TestCancel:
    def test_it_asks_first(self, operator: Client, client: DBOSClient, insert: Insert) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        page = text(operator.get(run_url("run-1", "cancel/")))
        assert "stops at its next step" in page
        assert client.list_workflows()[0].status == "PENDING"

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            ("PENDING", "Running code stops at its next step."),
            ("ENQUEUED", "Cancelled before it ran."),
            ("DELAYED", "Cancelled before it ran."),
            ("CANCELLED", "It was cancelled already."),
            ("SUCCESS", "It was already over (SUCCESS); nothing was changed."),
        ],
    )
    def test_it_says_what_happened(
        self, operator: Client, insert: Insert, status: str, sentence: str
    ) -> None:
        insert(workflow_uuid="run-1", status=status)
        assert sentence in text(operator.post(run_url("run-1", "cancel/"), follow=True))
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target, entry.outcome) == ("workflow.cancel", "run-1", "done")
        assert entry.completed_at is not None

    def test_a_dialog_closes_and_the_page_beneath_refreshes(
        self, operator: Client, insert: Insert
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        beneath = {"HX-Current-URL": f"http://testserver{run_url('run-1')}"}
        response = operator.post(run_url("run-1", "cancel/"), headers={**HTMX, **beneath})
        assert response.status_code == HTTPStatus.NO_CONTENT
        events = json.loads(response.headers["HX-Trigger"])
        assert events.keys() == {"dialog-close", "workflow-changed", "toast"}

    def test_a_run_that_is_gone(self, operator: Client) -> None:
        response = operator.post(run_url("none", "cancel/"))
        assert response.status_code == HTTPStatus.FOUND
        assert operator.get(run_url("none", "cancel/")).status_code == HTTPStatus.NOT_FOUND


class TestResume:
    def test_on_the_queue_of_choice(
        self, operator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        insert(workflow_uuid="run-1", status="CANCELLED")
        page = text(
            operator.post(run_url("run-1", "resume/"), {"queue_name": "orders"}, follow=True)
        )
        assert "Resumed" in page
        [run] = client.list_workflows()
        assert (run.status, run.queue_name) == ("ENQUEUED", "orders")
        assert AuditEntry.objects.get().parameters == {"queue_name": "orders"}

    @pytest.mark.parametrize("action", ["resume/", "fork/"])
    def test_a_run_of_nobody_may_be_taken_by_any_application(
        self, operator: Client, insert: Insert, action: str
    ) -> None:
        insert(workflow_uuid="mine", status="CANCELLED", application_name="shop")
        insert(workflow_uuid="ran", status="CANCELLED", started_at_epoch_ms=5)
        insert(workflow_uuid="nobody's", status="CANCELLED")
        warned = {
            one: "any application of this database may take it"
            in text(operator.get(run_url(one, action)))
            for one in ("mine", "ran", "nobody's")
        }
        assert warned == {"mine": False, "ran": False, "nobody's": True}

    def test_what_is_over_stays(self, operator: Client, insert: Insert) -> None:
        insert(workflow_uuid="run-1", status="ERROR")
        page = text(operator.post(run_url("run-1", "resume/"), follow=True))
        assert "It was already over (ERROR); nothing was changed." in page

    def test_a_run_that_may_be_executing_is_warned_about(
        self, operator: Client, insert: Insert
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        assert "some steps may run twice" in text(operator.get(run_url("run-1", "resume/")))

    def test_a_run_that_is_gone(self, operator: Client) -> None:
        assert operator.post(run_url("none", "resume/")).status_code == HTTPStatus.NOT_FOUND
