"""Workflows: list and inspect."""

from collections.abc import Sequence
from typing import Any, LiteralString, Unpack

from client_core.database import Database
from client_core.errors import InvalidOption, WaitTimeout
from client_core.filters import WorkflowFilter, has_failures_only, keeps_plan, order
from client_core.handle import WorkflowHandle
from client_core.id_prefixes import conditions_for
from client_core.models import StepInfo, WorkflowStatus
from client_core.polling import Waiting
from client_core.questions import run_over
from client_core.serialization import Serialization
from client_core.steps import cut, read_step

# The fields of a WorkflowStatus, in their order: the records are made by position.
_RUN: LiteralString = """
SELECT
    s.workflow_uuid AS workflow_id, s.status, s.name, s.class_name, s.config_name,
    s.authenticated_user, s.assumed_role, s.authenticated_roles, s.queue_name, s.executor_id,
    s.application_version AS app_version, s.application_id AS app_id, s.application_name,
    s.created_at, s.updated_at, s.started_at_epoch_ms AS dequeued_at, s.completed_at,
    s.delay_until_epoch_ms, s.workflow_timeout_ms, s.workflow_deadline_epoch_ms,
    s.deduplication_id, s.priority, s.queue_partition_key, s.recovery_attempts, s.forked_from,
    s.was_forked_from, s.parent_workflow_id, s.schedule_name, s.attributes::text AS attributes,
    s.serialization"""

# Payloads written before migration 109 stay in the old columns. One that is larger than asked for
# is not fetched: octet_length reads the stored size without unpacking the text.
_PAYLOADS: LiteralString = """,
    CASE WHEN octet_length(COALESCE(i.inputs, s.inputs)) <= %(max_bytes)s
         THEN COALESCE(i.inputs, s.inputs) END AS inputs,
    CASE WHEN octet_length(COALESCE(o.output, s.output)) <= %(max_bytes)s
         THEN COALESCE(o.output, s.output) END AS output,
    CASE WHEN octet_length(COALESCE(o.error, s.error)) <= %(max_bytes)s
         THEN COALESCE(o.error, s.error) END AS error,
    octet_length(COALESCE(i.inputs, s.inputs)) AS inputs_bytes,
    octet_length(COALESCE(o.output, s.output)) AS output_bytes,
    octet_length(COALESCE(o.error, s.error)) AS error_bytes"""

_JOINS: LiteralString = """
    LEFT JOIN {schema}.workflow_input i USING (workflow_uuid)
    LEFT JOIN {schema}.workflow_output o USING (workflow_uuid)"""

_GET: LiteralString = (
    _RUN
    + _PAYLOADS
    + "\nFROM {schema}.workflow_status s"
    + _JOINS
    + "\nWHERE workflow_uuid = %(workflow_id)s"
)

# Where the texts of filters.py go is marked so.
_LIST: LiteralString = _RUN + "\nFROM {schema}.workflow_status s <where> <order>"

# Without an order, so that it ends at the ceiling wherever the rows lie.
_COUNT: LiteralString = """
SELECT count(*) FROM (SELECT FROM {schema}.workflow_status <where> LIMIT %(ceiling)s) counted"""

# The page is cut before the payloads are joined, so that they are fetched for its rows alone.
_PAGE: LiteralString = "\nFROM (SELECT * FROM {schema}.workflow_status <where> <order>) s"
_LIST_WITH_PAYLOADS: LiteralString = _RUN + _PAYLOADS + _PAGE + _JOINS + "\n<order>"

_STEPS: LiteralString = """
SELECT function_id, function_name, child_workflow_id, started_at_epoch_ms, completed_at_epoch_ms,
       serialization,
       CASE WHEN octet_length(output) <= %(max_bytes)s THEN output END AS output,
       CASE WHEN octet_length(error) <= %(max_bytes)s THEN error END AS error,
       octet_length(output) AS output_bytes, octet_length(error) AS error_bytes
FROM {schema}.operation_outputs
WHERE workflow_uuid = %(workflow_id)s AND function_id > %(after)s
ORDER BY function_id
LIMIT %(limit)s"""

_EXISTS: LiteralString = """
SELECT 1 AS found FROM {schema}.workflow_status WHERE workflow_uuid = %(workflow_id)s"""

_MAX_INT4 = 2**31 - 1
#: So many of its fields a WorkflowStatus has from _RUN; attributes have to be read.
_FIELDS = WorkflowStatus._fields.index("input")
_ATTRIBUTES = WorkflowStatus._fields.index("attributes")


class Workflows:
    """The part of the client that reads workflows."""

    _db: Database
    _serialization: Serialization
    _application_name: str | None
    _max_payload_bytes: int
    _waiting: Waiting

    def retrieve_workflow(self, workflow_id: str) -> WorkflowHandle:
        """A handle on a workflow, which need not exist yet."""
        return WorkflowHandle(workflow_id, self)

    def wait_first(
        self, handles: Sequence[WorkflowHandle], *, timeout_seconds: float | None = None
    ) -> WorkflowHandle:
        """Wait for any of these workflows to end, however it ends, and return its handle.

        Raises :class:`WaitTimeout`, and :class:`InvalidOption` when there is nothing to wait for.
        """
        if not handles:
            raise InvalidOption({"handles": "must not be empty"})
        questions = {run_over(handle.workflow_id): handle for handle in handles}
        over = self._waiting.wait(questions.keys(), timeout_seconds)
        for question, handle in questions.items():
            if question in over:
                return handle
        waited_for = ", ".join(question.workflow_id for question in questions)
        raise WaitTimeout(waited_for, timeout_seconds or 0)

    def wait_all(
        self, handles: Sequence[WorkflowHandle], *, timeout_seconds: float | None = None
    ) -> list[WorkflowHandle]:
        """Wait for all of these workflows to end, however they end; returns them as given.

        Raises :class:`WaitTimeout`.
        """
        questions = {run_over(handle.workflow_id) for handle in handles}
        if questions:
            questions -= self._waiting.wait(questions, timeout_seconds, every=True)
        if questions:
            waited_for = ", ".join(sorted(question.workflow_id for question in questions))
            raise WaitTimeout(waited_for, timeout_seconds or 0)
        return list(handles)

    def get_workflow(
        self, workflow_id: str, *, max_payload_bytes: int | None = None
    ) -> WorkflowStatus | None:
        """One workflow with its input and its output or error; None if there is none."""
        params = {
            "workflow_id": workflow_id,
            "max_bytes": self._payload_limit(max_payload_bytes),
        }
        rows = self._db.read_tuples(_GET, params, keeps_plan=True)
        return self._with_payloads(rows[0]) if rows else None

    def list_workflows(
        self,
        *,
        load_payloads: bool = False,
        timeout_ms: int | None = None,
        **filters: Unpack[WorkflowFilter],
    ) -> list[WorkflowStatus]:
        """The workflows that match every filter, the oldest first unless ``sort_desc``.

        Without ``limit`` all of them. For pages give ``limit`` and, for the next one, the last
        run's ``cursor`` as ``after``: any depth costs the same, and new arrivals shift nothing.
        With ``timeout_ms``, the statement time-out may be shorter than that of other reads.
        Raises :class:`InvalidOption` for a filter that makes no sense.
        """
        if self._application_name and not filters.get("workflow_ids"):
            filters.setdefault("application_name", self._application_name)
        database = self._db if timeout_ms is None else self._db.hurried(timeout_ms)
        return self._list(database, filters, load_payloads=load_payloads)

    def count_workflows(
        self,
        *,
        ceiling: int = 1_000,
        timeout_ms: int | None = None,
        **filters: Unpack[WorkflowFilter],
    ) -> int:
        """How many workflows match every filter, counted up to a ceiling: so many, or more.

        With ``timeout_ms``, the statement time-out may be shorter than that of other reads.
        """
        if self._application_name and not filters.get("workflow_ids"):
            filters.setdefault("application_name", self._application_name)
        found = conditions_for(self._db, filters)
        statement = _COUNT.replace("<where>", found.where())
        params = {**found.params, "ceiling": max(0, ceiling)}
        database = self._db if timeout_ms is None else self._db.hurried(timeout_ms)
        rows = database.read(statement, params, keeps_plan=False)
        return int(rows[0]["count"])

    def list_queued_workflows(
        self, *, load_payloads: bool = False, **filters: Unpack[WorkflowFilter]
    ) -> list[WorkflowStatus]:
        """Like :meth:`list_workflows`, of those on a queue: delayed, waiting or running."""
        filters["queues_only"] = True
        return self.list_workflows(load_payloads=load_payloads, **filters)

    def list_workflow_steps(
        self,
        workflow_id: str,
        *,
        limit: int | None = None,
        after: int | None = None,
        max_payload_bytes: int | None = None,
    ) -> list[StepInfo] | None:
        """The recorded steps in order; None if there is no such workflow.

        ``after`` is the ``function_id`` that the page follows.
        """
        rows = self._db.read(
            _STEPS,
            {
                "workflow_id": workflow_id,
                "after": -1 if after is None else after,
                "limit": _MAX_INT4 if limit is None else limit,
                "max_bytes": self._payload_limit(max_payload_bytes),
            },
        )
        if not rows and not self._db.read(_EXISTS, {"workflow_id": workflow_id}):
            return None
        return [read_step(row, self._serialization) for row in rows]

    def _list(
        self, database: Database, filters: WorkflowFilter, *, load_payloads: bool
    ) -> list[WorkflowStatus]:
        found = conditions_for(self._db, filters)
        template = _LIST_WITH_PAYLOADS if load_payloads else _LIST
        statement = template.replace("<where>", found.where()).replace("<order>", order(filters))
        params = {**found.params, "max_bytes": self._max_payload_bytes}
        # Else old failures are looked for among all runs that were created since.
        if has_failures_only(filters):
            database = database.walking
        rows = database.read_tuples(statement, params, keeps_plan=keeps_plan(filters))
        if load_payloads:
            return [self._with_payloads(row) for row in rows]
        return [self._status(row) for row in rows]

    def _payload_limit(self, max_payload_bytes: int | None) -> int:
        return self._max_payload_bytes if max_payload_bytes is None else max_payload_bytes

    def _status(
        self, row: tuple[Any, ...], payloads: tuple[Any, ...] = (None, None, None)
    ) -> WorkflowStatus:
        if (attributes := row[_ATTRIBUTES]) is not None:
            # Not by psycopg, which fails for the whole list if Python cannot parse one row's.
            read = self._serialization.decode_value(attributes, "portable_json")
            row = (*row[:_ATTRIBUTES], read, *row[_ATTRIBUTES + 1 :])
        return WorkflowStatus._make(row + payloads)

    def _with_payloads(self, row: tuple[Any, ...]) -> WorkflowStatus:
        decode = self._serialization
        run, (inputs, output, error, *sizes) = row[:_FIELDS], row[_FIELDS:]
        inputs_bytes, output_bytes, error_bytes = sizes
        name = run[-1]
        payloads = (
            cut(inputs, inputs_bytes, name) or decode.decode_arguments(inputs, name),
            cut(output, output_bytes, name) or decode.decode_value(output, name),
            cut(error, error_bytes, name) or decode.decode_error(error, name),
        )
        return self._status(run, payloads)
