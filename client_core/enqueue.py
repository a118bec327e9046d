"""Enqueue: one row in workflow_status and its arguments in workflow_input, in one round trip."""

import uuid
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from client_core.database import Database, Params, Row, UniqueViolated
from client_core.errors import (
    ConflictingWorkflow,
    DatabaseUnavailable,
    OutcomeUnknown,
    QueueDeduplicated,
)
from client_core.handle import WorkflowHandle
from client_core.options import EnqueueOptions
from client_core.serialization import Serialization
from client_core.workflows import Workflows

# ON CONFLICT DO NOTHING leaves a row that is there untouched, and its arguments with it.
_ENQUEUE: LiteralString = """
WITH created AS (
    INSERT INTO {schema}.workflow_status (
        workflow_uuid, status, name, class_name, config_name, queue_name, application_version,
        workflow_timeout_ms, deduplication_id, priority, queue_partition_key,
        delay_until_epoch_ms, attributes, application_name, serialization, recovery_attempts,
        creator_xid
    )
    VALUES (
        %(workflow_id)s,
        CASE WHEN %(delay_ms)s::bigint IS NULL THEN 'ENQUEUED' ELSE 'DELAYED' END,
        %(workflow_name)s, %(workflow_class_name)s, %(workflow_config_name)s, %(queue_name)s,
        %(app_version)s, %(workflow_timeout_ms)s, %(deduplication_id)s, %(priority)s,
        %(queue_partition_key)s,
        (extract(epoch FROM now()) * 1000)::bigint + %(delay_ms)s::bigint, %(attributes)s,
        %(application_name)s, %(serialization)s, 0, %(creator_xid)s
    )
    ON CONFLICT (workflow_uuid) DO NOTHING
    RETURNING workflow_uuid
)
INSERT INTO {schema}.workflow_input (workflow_uuid, inputs)
SELECT workflow_uuid, %(inputs)s FROM created
ON CONFLICT (workflow_uuid) DO UPDATE SET inputs = excluded.inputs"""

_EXISTING: LiteralString = """
SELECT name, class_name, config_name, creator_xid FROM {schema}.workflow_status
WHERE workflow_uuid = %(workflow_id)s"""

_HOLDER: LiteralString = """
SELECT workflow_uuid AS workflow_id FROM {schema}.workflow_status
WHERE queue_name = %(queue_name)s AND deduplication_id = %(deduplication_id)s"""


class Enqueue:
    """The part of the client that starts workflows."""

    _db: Database
    _serialization: Serialization
    _application_name: str | None
    _workflows: Workflows

    def enqueue(self, options: EnqueueOptions, *args: Any, **kwargs: Any) -> WorkflowHandle:
        """Put a workflow on a queue, to be run with these arguments.

        A ``workflow_id`` that exists already is left as it is, and its handle returned, if the
        workflow is the same; otherwise :class:`ConflictingWorkflow` is raised. Raises
        :class:`QueueDeduplicated` when the deduplication ID is held (unless the policy says
        otherwise) and :class:`SerializationError` for arguments that the format cannot carry.

        Safe to repeat, and repeated by itself when the connection breaks: it cannot start twice.
        """
        params = self._enqueue_row(options, args, kwargs)
        while True:
            try:
                if self._db.insert(_ENQUEUE, params):
                    return WorkflowHandle(params["workflow_id"], self._workflows, is_new=True)
            except UniqueViolated as error:
                if holder := self._holder(options):
                    return holder
                if options.duplication_policy == "reject":
                    assert options.deduplication_id is not None
                    raise QueueDeduplicated(options.queue_name, options.deduplication_id) from error
                continue  # The holder let go of the ID meanwhile.
            if row := self._existing(params):
                assert_same(params, row)
                is_new = row["creator_xid"] == params["creator_xid"]
                return WorkflowHandle(params["workflow_id"], self._workflows, is_new=is_new)

    def _enqueue_row(
        self, options: EnqueueOptions, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        inputs, serialization = self._serialization.encode_arguments(
            args, kwargs, options.serialization
        )
        delay = options.delay_seconds
        return {
            "workflow_id": options.workflow_id or str(uuid.uuid4()),
            "workflow_name": options.workflow_name,
            "workflow_class_name": options.workflow_class_name,
            "workflow_config_name": options.workflow_config_name,
            "queue_name": options.queue_name,
            "app_version": options.app_version,
            "workflow_timeout_ms": options.workflow_timeout_ms,
            "deduplication_id": options.deduplication_id,
            "priority": options.priority or 0,
            "queue_partition_key": options.queue_partition_key,
            "delay_ms": None if delay is None else round(delay * 1000),
            "attributes": None if options.attributes is None else Jsonb(dict(options.attributes)),
            "application_name": options.application_name or self._application_name,
            "serialization": serialization,
            "inputs": inputs,
            "creator_xid": str(uuid.uuid4()),
        }

    def _existing(self, params: Params) -> Row | None:
        """The row that has the ID; None if it was deleted meanwhile."""
        try:
            rows = self._db.read(_EXISTING, params)
        except DatabaseUnavailable as error:
            # It may be ours: the insert is repeated when the connection breaks before its answer.
            raise OutcomeUnknown(
                f"The workflow ID is in use, and it is unknown by whom: {error}"
            ) from error
        return rows[0] if rows else None

    def _holder(self, options: EnqueueOptions) -> WorkflowHandle | None:
        if options.duplication_policy != "return-existing":
            return None
        rows = self._db.read(
            _HOLDER,
            {"queue_name": options.queue_name, "deduplication_id": options.deduplication_id},
        )
        return WorkflowHandle(rows[0]["workflow_id"], self._workflows) if rows else None


def assert_same(params: Params, row: Row) -> None:
    """Raise :class:`ConflictingWorkflow` if the ID belongs to another workflow."""
    for field, column in (
        ("workflow_name", "name"),
        ("workflow_class_name", "class_name"),
        ("workflow_config_name", "config_name"),
    ):
        if row[column] != params[field]:
            raise ConflictingWorkflow(params["workflow_id"], field, row[column], params[field])
