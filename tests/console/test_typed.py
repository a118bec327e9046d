"""What is typed into the forms that write payloads: wrong, too large, and at every bound.

What is wrong is told by its field with the rule that it breaks, and all that was typed is in the
page that comes back. What is at a bound is written as it was typed.
"""

import html
import json
import random
import re
import string
import urllib.parse
import uuid
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.forms import CharField
from django.test import Client

from client_core import DBOSClient, WorkflowInputs
from console.fields import MOST_DIGITS, MOST_JSON_BYTES, JSONText
from console.models import AuditEntry
from console.workflows.start_forms import EnqueueForm, SendForm
from tests.console.browsing import form_on
from tests.console.conftest import Insert
from tests.console.test_messages import SEND
from tests.console.test_operations import PLAN
from tests.console.test_workflows import ENQUEUE, HTMX, text

Sql = psycopg.Connection[Any]

URLENCODED = "application/x-www-form-urlencoded"
MEGABYTE = 2**20
#: The longest that stands in an index does not compress.
LONG_ID = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=3_000))


def texts_of(form: type[EnqueueForm | SendForm]) -> list[str]:
    """The fields that hold plain text."""
    fields = form.base_fields.items()
    return [name for name, field in fields if type(field) is CharField]


def json_of(form: type[EnqueueForm | SendForm]) -> list[str]:
    return [name for name, field in form.base_fields.items() if isinstance(field, JSONText)]


def enqueue_form(**typed: str) -> dict[str, str]:
    """A form in which much is typed."""
    return {
        "workflow_name": "order <b>",
        "queue_name": "orders",
        "args": '["kept & safe"]',
        "kwargs": '{"gift": true}',
        "app_version": "v<7>",
        "authenticated_user": "ann",
        "authenticated_roles": '["clerk"]',
        "attributes": '{"customer": "ann"}',
        "duplication_policy": "reject",
        "serialization": "portable_json",
        "form_id": str(uuid.uuid4()),
        "anyway": "yes",
        **typed,
    }


def send_form(**typed: str) -> dict[str, str]:
    return {
        "destination_id": "run-1",
        "topic": "approval <b>",
        "message": '{"approved": true}',
        "serialization": "portable_json",
        "idempotency_key": "key",
        "form_id": str(uuid.uuid4()),
        **typed,
    }


def nested(depth: int, inner: str = "") -> str:
    return "[" * depth + inner + "]" * depth


def error_at(response: Any, field: str) -> str:
    """What the page says beside a field; the form came back with all that was typed."""
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY, text(response)[:2_000]
    pattern = rf'id="id_{field}_errors">(.*?)</ul>'
    errors = re.search(pattern, response.content.decode(), re.DOTALL)
    assert errors, text(response)[:2_000]
    return html.unescape(errors[1])


def assert_kept(response: Any, form: dict[str, str]) -> None:
    found = form_on(response)
    for name, typed in form.items():
        assert found[name] == typed, name


def assert_refused(response: Any, given: dict[str, str], field: str, rule: str) -> None:
    """The rule stands by its field, and all that was typed in its own."""
    assert rule in error_at(response, field)
    assert_kept(response, given)


#: What nobody types into the form to enqueue.
HIDDEN = ("anyway", "like")
#: Of every form: where it is sent to, and what is typed.
FORMS = {"enqueue": (ENQUEUE, enqueue_form), "send": (SEND, send_form)}

WRONG_JSON = [
    ("[1,", "This is no JSON"),
    ("{'a': 1}", "This is no JSON"),
    ("yes", "This is no JSON"),
    ("[NaN]", "NaN is no JSON number"),
    ('{"a": -Infinity}', "-Infinity is no JSON number"),
    ("[" * 100_000, "nested too deeply"),
    (f"[{'9' * (MOST_DIGITS + 1)}]", "an integer must have at most 4,300 digits"),
    ('["a\0b"]', "Null characters are not allowed"),
]


class TestWrong:
    @pytest.mark.parametrize(("typed", "rule"), WRONG_JSON, ids=range(len(WRONG_JSON)))
    @pytest.mark.parametrize(
        ("form", "field"),
        [
            *(("enqueue", field) for field in json_of(EnqueueForm)),
            *(("send", field) for field in json_of(SendForm)),
        ],
    )
    def test_json(
        self, operator: Client, insert: Insert, form: str, field: str, typed: str, rule: str
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        path, filled = FORMS[form]
        given = filled(**{field: typed})
        response = operator.post(path, given)
        assert_refused(response, given, field, rule)
        assert not AuditEntry.objects.exists()

    @pytest.mark.parametrize(
        ("form", "field"),
        [
            *(("enqueue", field) for field in texts_of(EnqueueForm) if field not in HIDDEN),
            *(("send", field) for field in texts_of(SendForm)),
        ],
    )
    def test_a_nul_in_a_text(self, operator: Client, insert: Insert, form: str, field: str) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        path, filled = FORMS[form]
        given = filled(**{field: "a\0b"})
        response = operator.post(path, given)
        assert "Null characters are not allowed" in error_at(response, field)
        assert_kept(response, given)

    @pytest.mark.parametrize(
        ("field", "typed", "rule"),
        [
            ("args", '{"a": 1}', 'This must be a JSON array, such as ["ann", 3]'),
            ("args", "1", "This must be a JSON array"),
            ("args", "null", "This must be a JSON array"),
            ("args", nested(101), "args"),
            ("args", "[1e400]", "args[0]"),
            ("args", '["\\ud800"]', "a lone surrogate cannot be stored"),
            ("kwargs", "[1]", "This must be a JSON object"),
            ("kwargs", '"a"', "This must be a JSON object"),
            ("kwargs", f'{{"a": {nested(101)}}}', "kwargs"),
            ("kwargs", '{"a": -1e400}', "kwargs"),
            ("kwargs", '{"\\udfff": 1}', "a lone surrogate cannot be stored"),
            ("attributes", "[]", "This must be a JSON object"),
            ("attributes", f'{{"a": {nested(100)}}}', "must not nest deeper than 100 levels"),
            ("attributes", f'{{"a": {nested(300)}}}', "must not nest deeper than 100 levels"),
            ("attributes", '{"a": 1e400}', "must be plain JSON"),
            ("attributes", '{"a": "\\u0000"}', "must not contain a NUL character"),
            ("attributes", '{"\\u0000": 1}', "must not contain a NUL character"),
            ("attributes", '{"a": ["\\ud800"]}', "half a character"),
            ("authenticated_roles", '{"a": 1}', "This must be a JSON array"),
            ("authenticated_roles", '"clerk"', "This must be a JSON array"),
            ("authenticated_roles", "[1]", "must be text"),
            ("authenticated_roles", '["clerk", ""]', "must not be empty or blank"),
            ("authenticated_roles", '["\\u0000"]', "must not contain a NUL character"),
            ("authenticated_roles", '["\\ud800"]', "half a character"),
        ],
    )
    def test_of_the_wrong_kind(
        self, operator: Client, client: DBOSClient, field: str, typed: str, rule: str
    ) -> None:
        given = enqueue_form(**{field: typed})
        assert_refused(operator.post(ENQUEUE, given), given, field, rule)
        assert client.list_workflows() == []

    @pytest.mark.parametrize(
        ("typed", "rule"),
        [('["\\ud800"]', "a lone surrogate"), (nested(101), "value"), ("[1e400]", "value[0]")],
    )
    def test_a_message_that_no_format_carries(
        self, operator: Client, insert: Insert, typed: str, rule: str
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        given = send_form(message=typed)
        response = operator.post(SEND, given)
        assert rule in error_at(response, "message")
        assert_kept(response, given)

    @pytest.mark.parametrize("destination", ["none", ""])
    def test_a_message_to_nobody(self, operator: Client, sql: Sql, destination: str) -> None:
        given = send_form(destination_id=destination)
        response = operator.post(SEND, given)
        assert "no workflow with the ID" in error_at(response, "destination_id") or not destination
        assert_kept(response, given)
        assert sql.execute("SELECT FROM dbos.notifications").fetchone() is None

    @pytest.mark.parametrize("field", texts_of(EnqueueForm))
    def test_bytes_that_are_no_text(self, operator: Client, client: DBOSClient, field: str) -> None:
        """Half a character as no browser sends it: shown and written as the sign for such bytes."""
        given = urllib.parse.urlencode(enqueue_form(**{field: "HALF"})).replace("HALF", "%ED%A0%80")
        response = operator.post(ENQUEUE, given, content_type=URLENCODED)
        assert response.status_code in (HTTPStatus.FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
        if response.status_code == HTTPStatus.FOUND:
            assert len(client.list_workflows()) == 1


BOUNDS: list[tuple[str, list[str], list[tuple[str, str]]]] = [
    (
        "priority",
        ["1", "2147483647"],
        [
            ("0", "from 1 to 2,147,483,647"),
            ("-1", "from 1 to 2,147,483,647"),
            ("2147483648", "from 1 to 2,147,483,647"),
            ("1.5", "Enter a whole number."),
            ("9" * 5_000, "Enter a whole number."),
        ],
    ),
    (
        "delay_seconds",
        ["0", "0.001", "3162240000"],
        [
            ("-0.001", "from 0 to 3,162,240,000 seconds"),
            ("3162240000.5", "from 0 to 3,162,240,000 seconds"),
            ("1e400", "Enter a number."),
            ("nan", "Enter a number."),
        ],
    ),
    (
        "workflow_timeout_ms",
        ["1", str(2**62)],
        [("0", "a whole number from 1"), (str(2**62 + 1), f"to {2**62:,}")],
    ),
    ("workflow_class_name", ["C", "é" * 255], [("é" * 256, "at most 255 characters")]),
    ("workflow_config_name", ["c", "é" * 255], [("é" * 256, "at most 255 characters")]),
    (
        "workflow_id",
        ["i", LONG_ID[:2_600], "é" * 1_300, " / "],
        [
            (LONG_ID[:2_601], "at most 2,600 bytes"),
            ("é" * 1_301, "at most 2,600 bytes"),
            (" ", "must not be empty or blank"),
        ],
    ),
    ("authenticated_roles", ["[]", '["clerk", "é"]'], [('[" "]', "must not be empty or blank")]),
    (
        "attributes",
        ["{}", '{"a": ' + nested(99) + "}", '{"n": 18446744073709551617, "path": "C:\\\\u0000"}'],
        [('{"a": ' + nested(100) + "}", "must not nest deeper than 100 levels")],
    ),
    ("duplication_policy", ["reject"], [("return-existing", "needs a deduplication ID")]),
    ("serialization", ["portable_json", "py_pickle"], []),
]
TAKEN = [(field, typed) for field, taken, _ in BOUNDS for typed in taken]
REFUSED = [(field, *refused) for field, _, all_of in BOUNDS for refused in all_of]


class TestBounds:
    @pytest.mark.parametrize(("field", "typed"), TAKEN, ids=range(len(TAKEN)))
    def test_what_is_at_a_bound_is_written(
        self, operator: Client, client: DBOSClient, field: str, typed: str
    ) -> None:
        response = operator.post(ENQUEUE, enqueue_form(**{field: typed}))
        assert response.status_code == HTTPStatus.FOUND, text(response)
        [run] = client.list_workflows()
        shown = {
            "workflow_class_name": run.class_name,
            "workflow_config_name": run.config_name,
            "delay_seconds": typed,
            "duplication_policy": typed,
        }
        found = shown.get(field, getattr(run, field, None))
        if field == "attributes":
            assert (found or {}) == json.loads(typed)
        elif field == "authenticated_roles":
            assert json.loads(found or "[]") == json.loads(typed)
        else:
            assert str(found) == typed
        assert run.status == ("DELAYED" if field == "delay_seconds" else "ENQUEUED")
        assert AuditEntry.objects.get().outcome == "done"

    @pytest.mark.parametrize(("field", "typed", "rule"), REFUSED, ids=range(len(REFUSED)))
    def test_what_is_beyond_is_told_with_the_rule(
        self, operator: Client, client: DBOSClient, field: str, typed: str, rule: str
    ) -> None:
        given = enqueue_form(**{field: typed})
        assert_refused(operator.post(ENQUEUE, given), given, field, rule)
        assert client.list_workflows() == []

    def test_two_that_exclude_each_other(self, operator: Client) -> None:
        given = enqueue_form(queue_partition_key="tenant", deduplication_id="ann")
        response = operator.post(ENQUEUE, given)
        assert "excludes a deduplication ID" in error_at(response, "queue_partition_key")
        assert_kept(response, given)

    @pytest.mark.parametrize("form", ["portable_json", "py_pickle", "js_superjson"])
    @pytest.mark.parametrize(
        "number", [2**53 + 1, -(2**64) - 1, int("9" * 4_000)], ids=["double", "64 bit", "long"]
    )
    def test_an_integer_stays_exact(
        self, operator: Client, client: DBOSClient, form: str, number: int
    ) -> None:
        typed = {"args": f"[{number}]", "kwargs": f'{{"n": [{number}]}}', "serialization": form}
        if form == "js_superjson":  # It has no named arguments.
            typed |= {"kwargs": "", "args": f'[{number}, {{"n": [{number}]}}]'}
        response = operator.post(ENQUEUE, enqueue_form(**typed))
        assert response.status_code == HTTPStatus.FOUND, text(response)[:2_000]
        [run] = client.list_workflows(load_payloads=True)
        assert isinstance(run.input, WorkflowInputs)
        assert [*run.input.args, run.input.kwargs or {}][:2] == [number, {"n": [number]}]

    @pytest.mark.parametrize(
        "field", ["queue_name", "deduplication_id", "queue_partition_key", "application_name"]
    )
    def test_a_name_that_no_index_holds(
        self, operator: Client, client: DBOSClient, field: str
    ) -> None:
        given = enqueue_form(**{field: LONG_ID})
        response = operator.post(ENQUEUE, given)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert_kept(response, given)
        assert "nothing was written. What you typed is kept." in text(response)
        assert "Values larger than 1/3 of a buffer page cannot be indexed" in text(response)
        assert client.list_workflows() == []
        assert AuditEntry.objects.get().outcome == "failed"


#: 5 MB as they are, and what a browser spells with three bytes for each.
LARGE = {
    "plain": json.dumps(["x" * 5 * MEGABYTE]),
    "spelled": json.dumps([['"', "é"] * (5 * MEGABYTE // 12)], ensure_ascii=False),
}


class TestSize:
    @pytest.mark.parametrize("typed", LARGE.values(), ids=LARGE)
    @pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
    @pytest.mark.parametrize("form", FORMS)
    def test_five_megabytes(
        self, operator: Client, insert: Insert, sql: Sql, form: str, kind: str, typed: str
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        path, filled = FORMS[form]
        given = filled(**{"args" if form == "enqueue" else "message": typed})
        response = sent(operator, path, given, kind)
        assert response.status_code == HTTPStatus.FOUND, text(response)[:2_000]
        column = (
            "inputs FROM dbos.workflow_input"
            if form == "enqueue"
            else ("message FROM dbos.notifications")
        )
        [row] = sql.execute(f"SELECT {column}".encode()).fetchall()
        [stored] = row.values()
        found = json.loads(stored)
        assert (found["positionalArgs"] if form == "enqueue" else found) == json.loads(typed)

    @pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
    @pytest.mark.parametrize("form", FORMS)
    def test_more_is_told_by_the_field(self, operator: Client, form: str, kind: str) -> None:
        path, filled = FORMS[form]
        field = "args" if form == "enqueue" else "message"
        given = filled(**{field: json.dumps(["x" * MOST_JSON_BYTES])})
        response = sent(operator, path, given, kind)
        rule = f"This must have at most 6,291,456 bytes, and has {MOST_JSON_BYTES + 4:,}."
        assert_refused(response, given, field, rule)

    @pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
    def test_what_no_form_sends_is_told_too(self, operator: Client, kind: str) -> None:
        given = enqueue_form(args="x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
        response = sent(operator, ENQUEUE, given, kind)
        assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        page = text(response)
        assert "A form may send 20 MB at most, and one field of JSON 6 MB." in page
        assert "Nothing was done. Go back: what you typed is still there." in page
        assert "HX-Trigger" not in response.headers

    def test_htmx_leaves_the_form_and_shows_the_sentence_beside_it(self, operator: Client) -> None:
        given = enqueue_form(args="x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1))
        response = operator.post(ENQUEUE, given, headers=HTMX)
        told = json.loads(response.headers["HX-Trigger"])["toast"]
        assert "A form may send 20 MB at most" in told["text"]

    def test_many_runs_are_selected_one_by_one(self, operator: Client, insert: Insert) -> None:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        form = {"scope": "selected", "action": "workflow.cancel", "form_id": str(uuid.uuid4())}
        for count, status in ((most - 10, HTTPStatus.FOUND), (most, 413)):
            ids = [f"run-{n}" for n in range(count)]
            response = operator.post(PLAN, {**form, "workflow_id": ids})
            assert response.status_code == status
        assert "A form may send 10,000 fields at most." in text(response)


def sent(browser: Client, path: str, form: dict[str, str], kind: str) -> Any:
    """As browsers send it: with or without a file in mind."""
    if kind == "multipart":
        return browser.post(path, form)
    body = urllib.parse.urlencode(form)
    return browser.post(path, body, content_type=URLENCODED)
