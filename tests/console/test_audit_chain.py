"""The chain of the audit log: whoever changes a row is found, wherever it is."""

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from console.audit.acts import complete
from console.audit.chain import COLUMNS, Broken, Head, head, rows, verify
from console.audit.models import AuditEnding, AuditEntry
from console.audit.rows import begin, record
from console.operations.runner import Runner
from tests.client_core.conftest import Submit, submit
from tests.console.tampering import tampering

__all__ = ["submit"]

#: Another value of each column, as SQL spells it; and of what no column of the text is.
OTHERS = {
    "id": "10000 + id",
    "at": "at + interval '1 microsecond'",
    "user_id": "4711",
    "username": "'bob'",
    "address": "'10.0.0.9'",
    "request_id": "'another'",
    "system": "'other'",
    "action": "'workflow.resume'",
    "target": "target || ' '",
    "parameters": "'{\"a\": 2}'",
    "reason": "'because'",
    "outcome": "'refused'",
    "detail": "'nothing happened'",
    "completed_at": "now()",
    "form_id": "gen_random_uuid()",
    "entry_id": "entry_id - 1",
    "changed": "'{\"status\": []}'",
    "previous": "repeat('1', 64)",
    "hash": "repeat('2', 64)",
    "position": "1000 + position",
}
COMMON = ("position", "previous", "id", "at", "hash")


@pytest.fixture
def chain() -> Head:
    """Three acts: begun, begun, ended, begun, ended; and a sign-in."""
    first, second = (begin(username="ann", action="workflow.cancel", target=t) for t in "ab")
    complete(first, AuditEntry.Outcome.FAILED, "no", {"status": ["PENDING", "CANCELLED"]})
    third = begin(username="ann", action="workflow.cancel", target="c", parameters={"a": 1.50})
    complete(third, AuditEntry.Outcome.DONE)
    record("signin", username="böse\nid 1:1\n", target="\u2028😀")
    with tampering():
        pass  # Nothing is left to be checked later.
    assert second.position == 2
    return verify()


def broken() -> Broken:
    with pytest.raises(Broken) as caught:
        verify()
    return caught.value


def test_both_kinds_of_row_make_one_sequence(chain: Head) -> None:
    with rows(chain.position) as walked:
        found = list(walked)
    assert [(row.position, row.table) for row in found] == [
        (1, "entry"),
        (2, "entry"),
        (3, "ending"),
        (4, "entry"),
        (5, "ending"),
        (6, "entry"),
    ]
    assert chain == head() == Head(6, found[-1].hash)


def test_an_empty_log_is_whole(db: None) -> None:
    assert verify() == Head() == head()


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table in COLUMNS for column in (*COMMON, *COLUMNS[table])],
)
def test_every_column_counts(chain: Head, table: str, column: str) -> None:
    place = {"entry": 4, "ending": 5}[table]
    with tampering() as cursor:
        cursor.execute(
            f"UPDATE console_audit{table} SET {column} = {OTHERS[column]} "
            f"WHERE position = {place} RETURNING position"
        )
        assert cursor.rowcount == 1
    found = broken()
    if column == "position":
        assert str(found) == f"position {place}: it is missing; the next row is {place + 1}"
    else:
        assert found.position == place
        assert "was changed" in found.problem


def test_every_column_is_tried_here(db: None) -> None:
    for model in (AuditEntry, AuditEnding):
        table = model._meta.db_table.removeprefix("console_audit")
        columns = {field.column for field in model._meta.fields}
        assert columns == {*COMMON, *COLUMNS[table]}


def test_null_and_empty_are_not_the_same(chain: Head) -> None:
    with tampering() as cursor:
        cursor.execute("ALTER TABLE console_auditentry ALTER reason DROP NOT NULL")
        cursor.execute("UPDATE console_auditentry SET reason = NULL WHERE position = 2")
    assert broken().position == 2


@pytest.mark.parametrize("place", range(1, 6))
def test_a_row_that_was_deleted(chain: Head, place: int) -> None:
    with tampering() as cursor:
        for table in COLUMNS:
            cursor.execute(f"DELETE FROM console_audit{table} WHERE position = {place}")
    following = f"the next row is {place + 1}"
    assert str(broken()) == f"position {place}: it is missing; {following}"


def test_an_end_that_was_cut_off_is_found_by_who_kept_it(chain: Head) -> None:
    with tampering() as cursor:
        cursor.execute("DELETE FROM console_auditentry WHERE position = 6")
    assert verify().position == 5
    with pytest.raises(Broken, match="position 6: the end is missing, up to 6"):
        verify(chain)


def test_a_log_that_grew_is_what_was_expected(chain: Head) -> None:
    record("signin")
    assert verify(chain).position == 7


def test_a_log_that_was_written_anew_is_found_by_who_kept_its_end(chain: Head) -> None:
    with pytest.raises(Broken, match="position 6: it has another hash than was expected"):
        verify(Head(6, "0" * 64))


@pytest.mark.parametrize("pair", [(1, 2), (2, 4), (1, 6)])
def test_rows_that_changed_places(chain: Head, pair: tuple[int, int]) -> None:
    first, second = pair
    with tampering() as cursor:
        for old, new in ((first, 100), (second, first), (100, second)):
            cursor.execute(f"UPDATE console_auditentry SET position = {new} WHERE position = {old}")
    found = broken()
    assert found.position == first
    assert f"was at position {second}: the rows were reordered" in found.problem


def test_a_row_that_was_put_in(chain: Head) -> None:
    """With the right hash, in the place of one that is moved on; then twice the same place."""
    with tampering() as cursor:
        cursor.execute(
            "UPDATE console_auditentry SET position = 7, previous = repeat('3', 64) "
            "WHERE position = 6"
        )
        cursor.execute(
            "INSERT INTO console_auditending (entry_id, outcome, detail, position, at, previous) "
            "SELECT entry_id, 'done', '', 6, now(), repeat('4', 64) FROM console_auditending "
            "WHERE position = 5"
        )
        cursor.execute(
            "UPDATE console_auditending one SET hash = encode(sha256(convert_to("
            "console_audit_text(one), 'UTF8')), 'hex') WHERE position = 6"
        )
    found = broken()
    assert found.position == 6
    assert "does not follow the row before it: the link is broken" in found.problem
    with tampering() as cursor:
        cursor.execute("UPDATE console_auditending SET position = 4 WHERE position = 6")
    assert broken().problem == "there is a second row of position 4: it was put in"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE console_audit{} SET at = now()",
        "UPDATE console_audit{} SET at = now() WHERE false",
        "DELETE FROM console_audit{}",
        "TRUNCATE console_audit{} CASCADE",
    ],
)
@pytest.mark.parametrize("table", COLUMNS)
def test_a_row_stays_as_it_is(chain: Head, table: str, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="the audit log is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))
    assert verify() == chain


def test_what_the_database_says_is_not_the_writers_to_say(chain: Head) -> None:
    """A row cannot be dated back, nor put elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO console_auditending (entry_id, outcome, detail, at, position, previous, "
            "hash) SELECT id, 'done', '', '2001-01-01', 3, 'x', 'y' FROM console_auditentry "
            "WHERE position = 2 RETURNING position, at > now() - interval '1 hour'"
        )
        assert cursor.fetchone() == (7, True)
    assert verify().position == 7


@pytest.mark.django_db(transaction=True)
def test_many_who_write_at_once_make_one_chain(submit: Submit) -> None:
    count, at_once = 20, 8
    start = threading.Barrier(at_once)

    def write() -> None:
        start.wait()
        try:
            for number in range(count):
                entry = begin(username="ann", action="workflow.cancel", target=str(number))
                complete(entry, AuditEntry.Outcome.DONE)
        finally:
            connection.close()

    for writing in [submit(write) for _ in range(at_once)]:
        writing.result()
    assert verify().position == 2 * count * at_once


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_gap() -> None:
    record("signin")
    with transaction.atomic():
        record("signin")
        transaction.set_rollback(True)
    record("signin")
    assert verify().position == 2


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_would_not_see_the_end_is_refused() -> None:
    with transaction.atomic():
        connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(DatabaseError, match="READ COMMITTED"):
            record("signin")
        transaction.set_rollback(True)


class TestCommand:
    def said(self, *args: str) -> tuple[str, str, Any]:
        out, err, code = StringIO(), StringIO(), None
        try:
            call_command("audit", *args, stdout=out, stderr=err)
        except SystemExit as error:
            code = error.code
        return out.getvalue(), err.getvalue(), code

    def test_a_whole_log(self, chain: Head) -> None:
        said = f"The audit log is whole. Its end: {chain}\n"
        assert self.said("verify") == (said, "", None)
        assert self.said("verify", "--expect", str(chain)) == (said, "", None)

    def test_a_broken_one(self, chain: Head) -> None:
        with tampering() as cursor:
            cursor.execute("UPDATE console_auditentry SET username = 'bob' WHERE position = 2")
        out, err, code = self.said("verify")
        assert (out, code) == ("", 1)
        assert err.startswith("The audit log is broken at position 2: the row of table entry ")


def test_the_runner_says_where_the_log_ends(chain: Head, caplog: pytest.LogCaptureFixture) -> None:
    runner = Runner()
    with caplog.at_level("INFO", "console"):
        runner._tidy()
        runner._tidies_at = 0
        runner._tidy()
    assert caplog.messages == [f"The audit log ends at {chain}"]


def test_an_act_that_the_console_did_not_survive_is_shown(administrator: Client) -> None:
    begin(username="ann", action="workflow.cancel", target="run-1")
    assert "it is not known how it ended" in administrator.get("/audit/").content.decode()
