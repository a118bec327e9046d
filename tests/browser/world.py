"""Rows of every kind of thing that the console shows, under names of one's choice."""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.sql import SQL, Identifier, Placeholder

from console.converters import WorkflowIDConverter
from tests.databases import delete_rows

Sql = psycopg.Connection[Any]
JSON = "portable_json"
STEPS = 120


@dataclass(frozen=True)
class World:
    """Runs that did everything, waited for everything and failed; `mark` stands in all texts."""

    sql: Sql
    mark: str = ""

    def text(self, word: str) -> str:
        """A name, a key, an ID or whatever else an application chooses freely."""
        return f"{word}{self.mark}"

    def quoted(self, word: str) -> str:
        """The same in the query of an address."""
        return quote(self.text(word), safe="")

    def run(self, word: str, more: str = "") -> str:
        """The address of a run."""
        return f"/s/main/workflows/run/{self.segment(word)}/{more}"

    def segment(self, word: str) -> str:
        """The same as a segment of an address."""
        return WorkflowIDConverter().to_url(self.text(word))

    def fill(self) -> None:
        """Take everything away, then make the rows."""
        delete_rows(self.sql)
        self._order()
        self._exchange()
        self._family()
        self._waiting()
        self._failures()
        self._long()
        self._schedules()

    def insert(self, table: str, **columns: Any) -> None:
        """A row; a payload is given as a value."""
        row = {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in columns.items()
        }
        statement = SQL("INSERT INTO dbos.{} ({}) VALUES ({})").format(
            Identifier(table),
            SQL(", ").join(map(Identifier, row)),
            SQL(", ").join(map(Placeholder, row)),
        )
        self.sql.execute(statement, row)

    def insert_run(self, word: str, status: str = "SUCCESS", **columns: Any) -> None:
        """A run that began a minute ago and, unless it goes on, has just ended."""
        at = now_ms() - 60_000
        is_over = status not in ("PENDING", "ENQUEUED", "DELAYED")
        row = {
            "workflow_uuid": self.text(word),
            "status": status,
            "name": self.text("ship_order"),
            "created_at": at,
            "started_at_epoch_ms": at if is_over or status == "PENDING" else None,
            "completed_at": at + 59_000 if is_over else None,
            "serialization": JSON,
            "inputs": {"positionalArgs": [self.text("ann"), {self.text("sku"): 2}]},
        }
        self.insert("workflow_status", **{**row, **columns})

    def _described(self) -> dict[str, Any]:
        """Every column that an application fills with a text of its own."""
        columns = (
            "authenticated_user",
            "assumed_role",
            "executor_id",
            "application_version",
            "application_id",
            "application_name",
            "class_name",
            "config_name",
            "queue_name",
            "queue_partition_key",
            "deduplication_id",
            "schedule_name",
        )
        words = {column: self.text(column.replace("_", "-")) for column in columns}
        return {**words, "attributes": {self.text("customer"): self.text("42")}}

    def _order(self) -> None:
        value: dict[str, Any] = {
            self.text("lines"): [{self.text("sku"): self.text("mug"), "quantity": 2, "gift": None}],
            "password": self.text("hunter2"),
            "paid": True,
        }
        notes = [self.text(f"note {number}") for number in range(120)]
        self.insert_run(
            "order",
            **self._described(),
            inputs={"positionalArgs": [value], "namedArgs": {self.text("user"): self.text("ann")}},
            output={**value, "notes": notes},
            parent_workflow_id=self.text("mother"),
            forked_from=self.text("twin"),
            was_forked_from=True,
            recovery_attempts=3,
            priority=4,
            workflow_timeout_ms=90_000,
            workflow_deadline_epoch_ms=now_ms() + 30_000,
        )
        error = self.error()
        names = ("DBOS.setEvent", "DBOS.writeStream", "DBOS.recv", "DBOS.send", "pay", "pay", "pay")
        for number, name in enumerate(names, 1):
            self.insert_step("order", number, name, output=json.dumps(value))
        self.insert_step("order", 8, self.text("charge"), error=json.dumps(error))
        self.insert_step("order", 9, "DBOS.sleep", output=str(now_ms() / 1_000 - 20))
        self.insert_step("order", 10, self.text("reserve"), child_workflow_id=self.text("child-1"))

    def _schedules(self) -> None:
        for number, (state, cron) in enumerate(
            (("ACTIVE", "0 9 * * mon-fri"), ("PAUSED", "30 3 * * *"), ("ACTIVE", self.text("soon")))
        ):
            name = self.text("schedule-name" if not number else f"schedule-{number}")
            context = {
                "json": {self.text("of"): self.text("all")},
                "__dbos_serializer": "superjson",
            }
            self.insert(
                "workflow_schedules",
                schedule_id=name,
                schedule_name=name,
                workflow_name=self.text("ship_order"),
                workflow_class_name=self.text("Shop"),
                schedule=cron,
                status=state,
                context=context,
                cron_timezone="Europe/Berlin" if number < 2 else self.text("Nowhere"),
                queue_name=self.text("queue-name"),
                application_name=self.text("application-name"),
                last_fired_at=self.text("2026-11-20T09:00:00.000Z"),
            )

    def error(self, message: str = "no stock") -> dict[str, Any]:
        """A recorded error."""
        told = {"name": self.text("OutOfStock"), "message": self.text(message)}
        return {**told, "data": {self.text("sku"): self.text("mug")}}

    def insert_step(self, word: str, number: int, name: str, **columns: Any) -> None:
        """A step of two seconds and a half."""
        at = now_ms() - 60_000 + number * 3_000
        row = {
            "workflow_uuid": self.text(word),
            "function_id": number,
            "function_name": name,
            "serialization": JSON,
            "started_at_epoch_ms": at,
            "completed_at_epoch_ms": at + 2_500,
        }
        self.insert("operation_outputs", **row, **columns)

    def _exchange(self) -> None:
        run = self.text("order")
        value = json.dumps({self.text("state"): self.text("packed"), "token": self.text("t")})
        event = {"workflow_uuid": run, "key": self.text("progress"), "serialization": JSON}
        self.insert("workflow_events", **event, value=value)
        for number in (1, 5):
            self.insert("workflow_events_history", **event, value=value, function_id=number)
        for offset in range(3):
            stream = {"workflow_uuid": run, "key": self.text("log"), "offset": offset}
            self.insert("streams", **stream, value=value, serialization=JSON)
        for topic, consumed in ((self.text("decision"), 3), ("__null__topic__", None)):
            self.insert(
                "notifications",
                message_uuid=self.text(f"message-{consumed}"),
                destination_uuid=run,
                topic=topic,
                message=value,
                serialization=JSON,
                consumed=consumed is not None,
                consumed_by_function_id=consumed,
            )

    def _family(self) -> None:
        for word in ("mother", "twin"):
            self.insert_run(word)
        for number in range(1, 13):
            status = "ERROR" if number == 7 else "SUCCESS"
            error = json.dumps(self.error("none left")) if number == 7 else None
            run = {"parent_workflow_id": self.text("order"), "name": self.text("reserve")}
            self.insert_run(f"child-{number}", status, error=error, **run)
        for number in (1, 2):
            self.insert_run(f"fork-{number}", forked_from=self.text("order"))
            self.insert_step(f"fork-{number}", 1, self.text("another"), output=self.text("x"))

    def _waiting(self) -> None:
        queue = self.text("queue-name")
        waiting = {**self._described(), "deduplication_id": self.text("waiting")}
        self.insert_run("waiting", "ENQUEUED", **waiting, priority=2)
        self.insert_run("delayed", "DELAYED", delay_until_epoch_ms=now_ms() + 3_600_000)
        self.insert_run("held", "DELAYED", queue_name=queue, is_debounced=True,
                        deduplication_id=self.text("ship_order") + "-" + self.text("ann"),
                        delay_until_epoch_ms=now_ms() + 3_600_000,
                        debounce_deadline_epoch_ms=now_ms() + 7_200_000)  # fmt: skip
        self.insert_run("running", "PENDING", executor_id=self.text("local"), queue_name=queue)
        self.insert_step("running", 1, self.text("pack"), output='"packed"')
        for number in range(8):
            self.insert("streams", workflow_uuid=self.text("running"), key=self.text("log"),
                        value=json.dumps(self.text("word ") * number), offset=number,
                        serialization=JSON)  # fmt: skip
        self.insert("queues", name=queue, concurrency=1)
        self.insert("application_versions", version_id="v", version_name=self.text("v"))

    def _failures(self) -> None:
        for number in range(4):
            error = json.dumps(self.error(f"{number} of them left"))
            version = {"application_version": self.text(f"v{number}")}
            self.insert_run(f"failed-{number}", "ERROR", error=error, **version)
        self.insert_run("cancelled", "CANCELLED")
        self.insert_run("gave-up", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", recovery_attempts=51)
        self.insert_run("odd", self.text("NEW_ONE"), serialization=self.text("own_format"),
                        output=self.text("as it is"), inputs=self.text("no JSON"))  # fmt: skip

    def _long(self) -> None:
        self.insert_run("long", name=self.text("a_long_name_" * 8))
        self.sql.execute(
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, "
            "output, error, started_at_epoch_ms, completed_at_epoch_ms, serialization) "
            "SELECT %(run)s, n, %(name)s || n, %(output)s, "
            "CASE WHEN mod(n, 60) = 7 THEN %(error)s END, "
            "%(at)s + n * 240, %(at)s + n * 240 + 230, 'portable_json' "
            "FROM generate_series(1, %(count)s) n",
            {
                "run": self.text("long"),
                "name": self.text("step-"),
                "output": json.dumps(self.text("word " * 20)),
                "error": json.dumps(self.error()),
                "at": now_ms() - 60_000,
                "count": STEPS,
            },
        )


def now_ms() -> int:
    """The time, as the tables hold it."""
    return time.time_ns() // 1_000_000
