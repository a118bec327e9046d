"""Files of any size: what is in them, what is not, and that no spreadsheet runs them."""

import csv
import io
import json
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.export import Format, exported, without_secrets
from console.masking import DOTS, Masks
from console.models import AuditEntry, Operation, OperationRun
from console.views import workflow_export
from tests.console.conftest import Insert
from tests.console.test_payloads import received

EXPORT = "/s/main/workflows/export/"
Sql = psycopg.Connection[Any]


def csv_rows(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(received(response).decode(), newline="")))


def json_rows(response: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in received(response).decode().splitlines()]


class TestList:
    def test_both_formats_hold_what_is_listed(self, viewer: Client, insert: Insert) -> None:
        insert(workflow_uuid="b", status="ERROR", created_at=2, attributes='{"a": [1, "é"]}')
        insert(workflow_uuid="a", status="ERROR", created_at=1)
        insert(workflow_uuid="other", status="SUCCESS")
        found = viewer.get(EXPORT, {"q": "status:error", "format": "jsonl"})
        assert found.headers["Content-Disposition"] == 'attachment; filename="workflows-main.jsonl"'
        rows = json_rows(found)
        assert [(row["workflow_id"], row["created_at"]) for row in rows] == [("b", 2), ("a", 1)]
        assert rows[0]["attributes"] == {"a": [1, "é"]}
        assert not {"input", "output", "error"} & rows[0].keys()
        [first, second] = csv_rows(viewer.get(EXPORT, {"q": "status:error"}))
        assert (first["workflow_id"], first["attributes"]) == ("b", '{"a": [1, "é"]}')
        assert (second["workflow_id"], second["attributes"]) == ("a", "")
        entries = AuditEntry.objects.filter(action="workflow.export")
        assert {entry.target for entry in entries} == {"status:error"}

    def test_it_goes_on_page_by_page(
        self, viewer: Client, sql: Sql, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workflow_export, "PAGE", 7)
        sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, created_at) "
            "SELECT 'run-' || n, 'SUCCESS', 'job', n / 5 FROM generate_series(1, 50) n"
        )
        ids = [row["workflow_id"] for row in csv_rows(viewer.get(EXPORT))]
        assert sorted(ids) == sorted(f"run-{n}" for n in range(1, 51))

    def test_an_empty_list_is_a_header(self, viewer: Client) -> None:
        assert received(viewer.get(EXPORT)).startswith(b"workflow_id,status,name,")
        assert received(viewer.get(EXPORT, {"format": "jsonl"})) == b""

    def test_a_search_that_means_nothing_is_told_by_the_list(self, viewer: Client) -> None:
        response = viewer.get(EXPORT, {"q": "status:nothing"})
        assert response.headers["Location"] == "/s/main/workflows/?q=status%3Anothing"
        assert not AuditEntry.objects.exists()

    def test_secrets_stay_hidden(self, operator: Client, insert: Insert) -> None:
        insert(attributes='{"customer": "ann", "db": {"password": "hunter2"}}')
        [row] = json_rows(operator.get(EXPORT, {"format": "jsonl"}))
        assert row["attributes"] == {"customer": "ann", "db": {"password": DOTS}}
        assert b"hunter2" not in received(operator.get(EXPORT))

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
    def test_no_cell_is_a_formula(self, viewer: Client, insert: Insert, name: str) -> None:
        insert(name=name, priority=-5)
        [row] = csv_rows(viewer.get(EXPORT))
        assert row["name"] == f"'{name}"
        assert row["priority"] == "-5"
        assert json_rows(viewer.get(EXPORT, {"format": "jsonl"}))[0]["name"] == name

    def test_quotes_commas_and_lines_stay_in_their_cell(
        self, viewer: Client, insert: Insert
    ) -> None:
        name = 'a,"b"\nc;d'
        insert(name=name)
        assert csv_rows(viewer.get(EXPORT))[0]["name"] == name


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"Api-Key": 1, "x": 2}, {"Api-Key": DOTS, "x": 2}),
        ([{"apikey": None}], [{"apikey": None}]),
        ({"name": "api_key", "value": 1}, {"name": "api_key", "value": DOTS}),
        (["api_key", 1], ["api_key", DOTS]),
        ("api_key=1234", f"api_key={DOTS}"),
    ],
)
def test_secrets_in_any_shape(value: Any, shown: Any) -> None:
    assert without_secrets(value, Masks(("api_key",))) == shown


def test_no_page_is_read_before_it_is_wanted() -> None:
    read: list[int] = []

    def pages() -> Any:
        for number in range(3):
            read.append(number)
            yield [[number]]

    response = exported(Format.JSON_LINES, "x", ["n"], pages())
    assert read == []
    assert received(response) == b'{"n": 0}\n{"n": 1}\n{"n": 2}\n'


@pytest.mark.django_db(transaction=True)
class TestResults:
    def test_every_run_is_named(self, viewer: Client) -> None:
        operation = Operation.objects.create(
            user=User.objects.get(), system="main", action="workflow.cancel", filters={}
        )
        told = [(None, None), ("done", "ENQUEUED"), ("again", "CANCELLED"), ("gone", None)]
        OperationRun.objects.bulk_create(
            OperationRun(
                operation=operation,
                position=position,
                workflow_id=f"=run-{position}",
                name="job",
                status="ENQUEUED",
                outcome=outcome,
                before=before,
            )
            for position, (outcome, before) in enumerate(told, 1)
        )
        url = f"/s/main/operations/{operation.pk}/export/"
        rows = json_rows(viewer.get(url, {"format": "jsonl"}))
        assert [row["outcome"] for row in rows] == [None, "done", "again", "gone"]
        assert [row["meaning"] for row in rows[:2]] == ["not touched", "cancelled"]
        assert rows[0].keys() == {
            "workflow_id", "name", "status", "before", "outcome", "meaning", "detail"
        }  # fmt: skip
        assert [row["workflow_id"] for row in csv_rows(viewer.get(url))] == [
            f"'=run-{position}" for position in range(1, 5)
        ]
        assert AuditEntry.objects.filter(action="workflow.export").count() == 2

    def test_of_another_system_there_is_nothing(self, viewer: Client) -> None:
        operation = Operation.objects.create(
            system="elsewhere", action="workflow.cancel", filters={}
        )
        url = f"/s/main/operations/{operation.pk}/"
        assert viewer.get(url).status_code == HTTPStatus.NOT_FOUND
        assert viewer.get(f"{url}export/").status_code == HTTPStatus.NOT_FOUND
