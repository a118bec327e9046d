"""One payload of a run: pages, files, secrets and what hostile ones do to them."""

import base64
import html
import json
import pickle
import re
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from benchmarks.open_pages import run
from client_core import PayloadKind, PayloadPlace
from console.masking import DOTS
from console.models import AuditEntry
from console.systems import System
from console.views import payloads
from console.workflows.columns import COLUMNS
from tests.console.conftest import Insert
from tests.console.test_workflows import HTMX, run_url, text

Sql = psycopg.Connection[Any]
SECRET = "hunter2"
JSON = "portable_json"


def url(place: str, action: str = "", workflow_id: str = "r") -> str:
    return f"/s/main/workflows/run/{workflow_id}/payload/{place}/{action}"


def received(response: Any) -> bytes:
    """The body of a file as it is sent piece by piece."""

    async def whole() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return run(whole())


def event(sql: Sql, key: str, value: Any, name: str = JSON) -> None:
    stored = value if isinstance(value, str) else json.dumps(value)
    sql.execute(
        "INSERT INTO dbos.workflow_events (workflow_uuid, key, value, serialization)"
        " VALUES ('r', %s, %s, %s)",
        [key, stored, name],
    )


def step(sql: Sql, **columns: Any) -> None:
    row = {"output": None, "error": None, "name": "pay", **columns}
    sql.execute(
        "INSERT INTO dbos.operation_outputs"
        " (workflow_uuid, function_id, function_name, output, error, serialization)"
        " VALUES ('r', 1, %(name)s, %(output)s, %(error)s, 'portable_json')",
        row,
    )


class TestPage:
    def test_a_payload_as_a_tree(self, viewer: Client, insert: Insert) -> None:
        output = json.dumps({"order": {"lines": [{"sku": "mug", "n": 2}]}, "paid": True})
        insert(workflow_uuid="r", output=output, serialization=JSON)
        page = text(viewer.get(url("output")))
        assert f"portable_json · {len(output)}" in page
        assert '"order": {' in page
        assert '"sku": "mug"' in page
        assert '"paid": true' in page

    def test_an_error_without_more_is_its_message(self, viewer: Client, insert: Insert) -> None:
        error = json.dumps({"name": "Declined", "message": "by the bank"})
        insert(workflow_uuid="r", status="ERROR", error=error, serialization=JSON)
        page = text(viewer.get(url("error")))
        assert "Declined : by the bank" in page
        assert "RawValue" not in page

    def test_a_secret_in_a_message_can_be_revealed(self, operator: Client, insert: Insert) -> None:
        error = json.dumps({"name": "Declined", "message": "token=hunter2"})
        insert(workflow_uuid="r", status="ERROR", error=error, serialization=JSON)
        assert url("error", "reveal/") in operator.get(run_url("r")).content.decode()
        assert "token=hunter2" in text(operator.post(url("error", "reveal/")))

    def test_an_object_is_named(self, viewer: Client, insert: Insert) -> None:
        stored = json.dumps({"@class": "app.Order", "total": 5})
        insert(workflow_uuid="r", output=stored, serialization="java_jackson")
        assert "app.Order(" in text(viewer.get(url("output")))

    def test_typed_values_are_named(self, viewer: Client, insert: Insert) -> None:
        value = {"at": b"\x01", "set": {1}, "none": None}
        stored = base64.b64encode(pickle.dumps(value)).decode()
        insert(workflow_uuid="r", output=stored, serialization="py_pickle")
        page = text(viewer.get(url("output")))
        assert '"at": bytes(01)' in page
        assert '"set": set(' in page

    def test_every_place_has_a_page(
        self, viewer: Client, insert: Insert, sql: Sql, system: System
    ) -> None:
        insert(workflow_uuid="r", serialization=JSON)
        step(sql, output='"of a step"')
        event(sql, "a/b é%", "of an event")
        assert "of a step" in text(viewer.get(url("step-output:1")))
        place = PayloadPlace(PayloadKind.EVENT, key="a/b é%")
        page = viewer.get(reverse("payload", args=[system, "r", place]))
        assert "of an event" in text(page)

    @pytest.mark.parametrize(
        "place", ["nothing", "input:1", "step-output", "step-output:x", "step-output:01", "event"]
    )
    def test_a_place_that_cannot_be_is_no_page(self, viewer: Client, place: str) -> None:
        assert viewer.get(url(place)).status_code == HTTPStatus.NOT_FOUND

    def test_nothing_stored(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="r")
        assert "None was recorded." in text(viewer.get(url("output")))
        answer = viewer.get(url("output", "download/"), follow=True)
        assert "There is nothing to download." in text(answer)
        assert viewer.get(url("output", "text/")).content == b""

    def test_large_containers_come_in_chunks(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", output=json.dumps(list(range(1_000, 1_950))), serialization=JSON)
        seen, page = [], viewer.get(url("output")).content.decode()
        while True:
            seen += re.findall(r'"value-number">(\d+)<', page)
            more = re.search(r'hx-get="([^"]+)"', page)
            if not more:
                break
            answer = viewer.get(html.unescape(more[1]), headers=HTMX)
            page = answer.content.decode()
            assert "<html" not in page
        assert seen == [str(number) for number in range(1_000, 1_950)]

    def test_a_part_has_a_page_of_its_own(self, viewer: Client, insert: Insert) -> None:
        output = json.dumps({"a": [0, {"long": "x" * 5_000 + "end"}]})
        insert(workflow_uuid="r", output=output, serialization=JSON)
        page = viewer.get(url("output"))
        assert "xend" not in text(page)
        assert "?at=0.1.0" in page.content.decode()
        part = text(viewer.get(url("output"), {"at": "0.1.0"}))
        assert "xend" in part
        assert 'Output / "a" / 1 / "long"' in part

    @pytest.mark.parametrize("at", ["9", "0.0", "x", "0..1", "9" * 5_000, "-1", "²"])
    def test_a_path_that_leads_nowhere_is_no_page(
        self, viewer: Client, insert: Insert, at: str
    ) -> None:
        insert(workflow_uuid="r", output='{"a": 1}', serialization=JSON)
        assert viewer.get(url("output"), {"at": at}).status_code == HTTPStatus.NOT_FOUND

    def test_the_stored_text_comes_in_pieces(self, viewer: Client, insert: Insert) -> None:
        stored = json.dumps(["ß→🙂" * 40_000], ensure_ascii=False)
        insert(workflow_uuid="r", output=stored, serialization=JSON)
        seen, query = "", "?view=text"
        while query:
            page = viewer.get(url("output") + query).content.decode()
            piece = re.search(r"<pre[^>]*>(.*)</pre>", page, re.DOTALL)
            assert piece
            seen += html.unescape(piece[1])
            following = re.search(r'rel="next" href="[^"?]*([^"]+)"', page)
            query = html.unescape(following[1]) if following else ""
        assert seen == stored

    def test_a_huge_one_is_shown_from_its_beginning(self, viewer: Client, insert: Insert) -> None:
        stored = json.dumps(["order"] * 300_000)
        insert(workflow_uuid="r", output=stored, serialization=JSON)
        page = viewer.get(url("output"))
        assert f"Not decoded: it has {len(stored):,} bytes." in text(page)
        assert "Show more" in text(page)
        assert len(page.content) < 2 * payloads.PIECE_BYTES * len("&quot;")


class TestFile:
    def test_it_is_exactly_what_is_stored(self, viewer: Client, insert: Insert) -> None:
        stored = json.dumps(["ß→🙂" * 200_000], ensure_ascii=False)
        insert(workflow_uuid="r", output=stored, serialization=JSON)
        answer = viewer.get(url("output", "download/"))
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="r-output.txt"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert received(answer).decode() == stored

    def test_its_name_is_harmless(self, viewer: Client, insert: Insert, system: System) -> None:
        insert(workflow_uuid='"/..\r\n', output="1", serialization=JSON)
        place = PayloadPlace(PayloadKind.OUTPUT)
        answer = viewer.get(reverse("payload-download", args=[system, '"/..\r\n', place]))
        assert answer.headers["Content-Disposition"].endswith('filename="-------output.txt"')

    def test_it_ends_when_the_payload_changes(
        self, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="r", output="x" * 3 * 2**20, serialization="acme")
        answer = viewer.get(url("output", "download/"))
        sql.execute("UPDATE dbos.workflow_status SET output = 'y'")
        with pytest.raises(payloads.PayloadChanged):
            received(answer)


def pickled(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value)).decode()


BODY = {"a": 1, "password": SECRET}
FORMATS = [
    (json.dumps(BODY), JSON),
    (json.dumps({"json": BODY, "__dbos_serializer": "superjson"}), "js_superjson"),
    (pickled(BODY), "py_pickle"),
    (base64.b64encode(json.dumps(BODY).encode()).decode(), "DBOS_JSON"),
    (json.dumps({"@class": "app.User", **BODY}), "java_jackson"),
    (json.dumps(BODY), "acme"),
    (json.dumps(BODY), None),
    (json.dumps(BODY)[:-1], JSON),
]


class TestSecrets:
    @pytest.mark.parametrize(("stored", "name"), FORMATS)
    def test_no_view_shows_them(
        self, operator: Client, insert: Insert, stored: str, name: str | None
    ) -> None:
        insert(workflow_uuid="r", output=stored, serialization=name)
        for address in (
            run_url("r"),
            url("output"),
            url("output") + "?view=text",
            url("output", "text/"),
            url("output", "reveal/"),
        ):
            page = operator.get(address).content.decode()
            assert SECRET not in page
            assert stored not in html.unescape(page)
        answer = operator.get(url("output", "download/"))
        assert answer.status_code == HTTPStatus.FOUND

    @pytest.mark.parametrize(("stored", "name"), FORMATS)
    def test_who_reveals_them_sees_them_once(
        self, operator: Client, insert: Insert, stored: str, name: str | None
    ) -> None:
        insert(workflow_uuid="r", output=stored, serialization=name)
        page = html.unescape(operator.post(url("output", "reveal/")).content.decode())
        assert SECRET in page
        raw = operator.post(url("output", "reveal/"), {"view": "text"}).content.decode()
        assert stored in html.unescape(raw)
        assert received(operator.post(url("output", "reveal/"), {"as": "file"})).decode() == stored
        assert SECRET not in operator.get(url("output")).content.decode()
        assert AuditEntry.objects.count() == 3

    def test_the_audit_entry_says_what_and_never_the_content(
        self, administrator: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="r")
        event(sql, "api_token", SECRET)
        page = administrator.post(url("event:api_token", "reveal/"))
        assert SECRET in text(page)
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target, entry.outcome) == ("payload.reveal", "r", "done")
        assert entry.parameters == {
            "kind": "event",
            "key": "api_token",
            "number": None,
            "download": False,
        }
        assert SECRET not in str(vars(entry))
        listed = text(administrator.get("/audit/"))
        assert "payload.reveal done main r event api_token" in listed
        assert SECRET not in listed

    def test_to_ask_reveals_nothing(self, operator: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", output=json.dumps(BODY), serialization=JSON)
        page = text(operator.get(url("output", "reveal/")))
        assert "Reveal this payload?" in page
        assert not AuditEntry.objects.exists()

    def test_a_viewer_is_offered_none(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="r", output=json.dumps(BODY), serialization=JSON)
        for address in (run_url("r"), url("output"), url("output") + "?view=text"):
            assert "reveal/" not in viewer.get(address).content.decode()
        reason = "Your role on main does not include revealing secrets."
        assert reason in text(viewer.get(url("output") + "?view=text"))

    def test_no_page_leaks_them(self, viewer: Client, insert: Insert, sql: Sql) -> None:
        """A secret at every place there is, and every page that shows a piece of it."""
        error = {"name": "E", "message": f"401 with token={SECRET}", "data": BODY}
        insert(
            workflow_uuid="r",
            status="ERROR",
            serialization=JSON,
            attributes=json.dumps({"customer": 1, "api_key": SECRET}),
            inputs=json.dumps({"positionalArgs": [BODY], "namedArgs": {"token": SECRET}}),
            error=json.dumps(error),
        )
        step(sql, error=json.dumps(error))
        event(sql, "state", BODY)
        event(sql, "session_token", SECRET)
        event(sql, "a header", [["Authorization", f"Bearer {SECRET}"]])
        places = ("input", "error", "step-error:1", "event:state", "event:session_token")
        addresses = [
            "/s/main/workflows/",
            run_url("r"),
            *(url(place, action) for place in places for action in ("", "text/", "download/")),
            *(url(place) + "?view=text" for place in places),
            *(url(place) + "?at=0" for place in places[:1]),
        ]
        for address in addresses:
            answer = viewer.get(address)
            assert not answer.streaming, address
            assert SECRET not in answer.content.decode(), address
        assert DOTS in text(viewer.get(run_url("r")))
        hidden = viewer.get(url("event:session_token") + "?at=0")
        assert hidden.status_code == HTTPStatus.NOT_FOUND

    def test_the_column_of_attributes_hides_them(
        self, viewer: Client, insert: Insert, system: System
    ) -> None:
        insert(workflow_uuid="r", attributes=json.dumps({"api_key": SECRET}))
        run = system.client.get_workflow("r")
        assert run
        shown = COLUMNS["attributes"].show(run, system)
        assert DOTS in shown
        assert SECRET not in shown

    def test_a_secret_far_within_a_huge_text_withholds_the_file(
        self, viewer: Client, insert: Insert
    ) -> None:
        stored = json.dumps({"order": "x" * 3 * 2**20, "password": SECRET})
        insert(workflow_uuid="r", output=stored, serialization=JSON)
        assert viewer.get(url("output", "download/")).status_code == HTTPStatus.FOUND
        beginning = viewer.get(url("output"))
        assert "xxxx" in text(beginning)
        end = viewer.get(url("output"), {"view": "text", "offset": str(len(stored) - 20)})
        assert SECRET not in text(end)
