"""What a call left in the database, made comparable, and what is there before it."""

import re
from dataclasses import dataclass
from typing import Any

import psycopg

from client_core import DBOSClient
from tests.databases import OTHER_TABLES, RUN_TABLES

Sql = psycopg.Connection[Any]
Rows = dict[str, list[dict[str, Any]]]

#: The format that each language uses where none is chosen.
OWN = {"python": "py_pickle", "typescript": "js_superjson"}
#: Made anew at every call, by either client; of them is compared whether they are there.
GENERATED = {
    "created_at",
    "updated_at",
    "completed_at",
    "created_at_epoch_ms",
    "creator_xid",
    "retention_timestamp",
    "debounce_deadline_epoch_ms",
    "schedule_id",
    "queue_id",
    "version_timestamp",
}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TRIGGERED = re.compile(r"(?<=-trigger-).*")
#: Times of the clock; what a test gives is far smaller.
_NOW_MS = 10**12


@dataclass(frozen=True)
class Scene:
    """What a case may use: our client, the format of the language's own, and the tables."""

    client: DBOSClient
    own: str
    sql: Sql


_TABLES = (*RUN_TABLES, *OTHER_TABLES)
_EVERY_ROW = " UNION ALL ".join(
    f"SELECT '{table}' AS name, to_jsonb(t) AS columns FROM dbos.{table} t" for table in _TABLES
)


def rows(sql: Sql) -> Rows:
    """Every row of every table."""
    found: Rows = {table: [] for table in _TABLES}
    for row in sql.execute(_EVERY_ROW.encode()):
        columns = row["columns"]
        found[row["name"]].append(
            {column: _comparable(column, value, columns) for column, value in columns.items()}
        )
    return found


def _comparable(column: str, value: Any, row: dict[str, Any]) -> Any:
    if column == "delay_until_epoch_ms" and value and value > _NOW_MS:
        return "a time from now"
    if column in GENERATED:
        return value is not None
    if column == "inputs" and value and "-trigger-" in row["workflow_uuid"]:
        return f"{len(value)} characters, and the time of the call among them"
    if isinstance(value, str):
        value = _UUID.sub("an ID that was made", value)
        return _TRIGGERED.sub(lambda time: re.sub(r"\d", "0", time[0]), value)
    return value


def nothing(_: Scene) -> None:
    """An empty database."""


def existing(status: str) -> Any:
    """A run on which everything is set that a change may clear."""

    def arrange(scene: Scene) -> None:
        scene.sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, "
            "deduplication_id, owner_xid, started_at_epoch_ms, workflow_deadline_epoch_ms, "
            "recovery_attempts, priority, completed_at) "
            "VALUES ('run-1', %s, 'order', 'q', 'd', 'x', 5, 9, 3, 2, NULL)",
            [status],
        )

    arrange.__name__ = status
    return arrange


def recorded(scene: Scene, *, first_step: int = 1) -> None:
    """A run that has recorded something everywhere, its child and grandchild, and a stranger."""
    existing("PENDING")(scene)
    sql = scene.sql
    for parent, child in (
        ("run-1", "child-1"),
        ("child-1", "grandchild-1"),
        ("another", "stranger"),
    ):
        sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, parent_workflow_id) "
            "VALUES (%s, 'PENDING', 'step', %s)",
            [child, parent],
        )
    sql.execute("INSERT INTO dbos.workflow_input VALUES ('run-1', 'x'), ('stranger', 'y')")
    for number in range(first_step, first_step + 3):
        values = {"number": number, "value": f"value {number}", "format": scene.own}
        for statement in (
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, "
            "output, serialization, child_workflow_id, started_at_epoch_ms) "
            "VALUES ('run-1', %(number)s, 'step', %(value)s, %(format)s, 'child-1', 5)",
            "INSERT INTO dbos.workflow_events_history "
            "VALUES ('run-1', %(number)s, 'progress', %(value)s, %(format)s)",
            "INSERT INTO dbos.streams VALUES ('run-1', 'log', %(value)s, %(number)s, %(number)s)",
        ):
            sql.execute(statement.encode(), values)
    sql.execute("INSERT INTO dbos.workflow_events VALUES ('run-1', 'progress', 'value 3')")
    sql.execute(
        "INSERT INTO dbos.notifications (message_uuid, destination_uuid, message) "
        "VALUES ('message-1', 'run-1', '1')"
    )


def of_typescript(scene: Scene) -> None:
    """The same, with steps that count from 0, as those of TypeScript do."""
    recorded(scene, first_step=0)


def versioned(scene: Scene) -> None:
    """The same, on a version of the application."""
    recorded(scene)
    scene.sql.execute(
        "UPDATE dbos.workflow_status SET application_version = 'v1', attributes = '{\"a\": 1}', "
        "authenticated_user = 'ann', application_name = 'shop' WHERE workflow_uuid = 'run-1'"
    )
