"""Enqueue: one row in workflow_status and its arguments in workflow_input, in one round trip."""

import uuid
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from client_core.database import Database, Params, Row, UniqueViolated, after_a_write
from client_core.dialects import Dialect, format_to_write
from client_core.errors import ConflictingWorkflow, QueueDeduplicated, WorkflowIDInUse
from client_core.handle import WorkflowHandle
from client_core.identity import identity_columns
from client_core.options import EnqueueOptions
from client_core.serialization import Serialization
from client_core.workflows import Workflows

# ON CONFLICT DO NOTHING leaves a row that is there untouched, and its arguments with it.
# schema.py tells what “since” and “before” mean.
ENQUEUE: LiteralString = """
-- since workflow_input:
WITH created AS (
-- end
    INSERT INTO {schema}.workflow_status (
        delay_until_epoch_ms,  -- since workflow_status.delay_until_epoch_ms
        attributes,  -- since workflow_status.attributes
        application_name,  -- since workflow_status.application_name
        serialization,  -- since workflow_status.serialization
        creator_xid,  -- since workflow_status.creator_xid
        -- before workflow_input: inputs,
        workflow_uuid, status, name, class_name, config_name, queue_name, application_version,
        workflow_timeout_ms, deduplication_id, priority, queue_partition_key, recovery_attempts,
        authenticated_user, authenticated_roles, assumed_role, executor_id, application_id
    )
    VALUES (
-- since workflow_status.delay_until_epoch_ms:
        (extract(epoch FROM now()) * 1000)::bigint + %(delay_ms)s::bigint,
-- end
        %(attributes)s,  -- since workflow_status.attributes
        %(application_name)s,  -- since workflow_status.application_name
        %(serialization)s,  -- since workflow_status.serialization
        %(creator_xid)s,  -- since workflow_status.creator_xid
        -- before workflow_input: %(inputs)s,
        %(workflow_id)s,
        CASE WHEN %(delay_ms)s::bigint IS NULL THEN 'ENQUEUED' ELSE 'DELAYED' END,
        %(workflow_name)s, %(workflow_class_name)s, %(workflow_config_name)s, %(queue_name)s,
        %(app_version)s, %(workflow_timeout_ms)s, %(deduplication_id)s, %(priority)s,
        %(queue_partition_key)s, 0, %(authenticated_user)s, %(authenticated_roles)s,
        %(assumed_role)s, %(executor_id)s, %(application_id)s
    )
    ON CONFLICT (workflow_uuid) DO NOTHING
-- since workflow_input:
    RETURNING workflow_uuid
)
INSERT INTO {schema}.workflow_input (workflow_uuid, inputs)
SELECT workflow_uuid, %(inputs)s FROM created
ON CONFLICT (workflow_uuid) DO UPDATE SET inputs = excluded.inputs
-- end"""

# A run that was deleted may have left its arguments, but not under an ID that is made here and now.
# To be ready for that takes PostgreSQL a tenth of the time of the whole statement.
_ENQUEUE_NEW_ID: LiteralString = ENQUEUE.replace(
    "ON CONFLICT (workflow_uuid) DO UPDATE SET inputs = excluded.inputs\n", ""
)

_EXISTING: LiteralString = """
SELECT name, class_name, config_name, creator_xid = %(creator_xid)s AS is_new
FROM {schema}.workflow_status
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
    #: The language of the applications, for a client that was told it.
    _dialect: Dialect | None = None

    def enqueue(self, options: EnqueueOptions, /, *args: Any, **kwargs: Any) -> WorkflowHandle:
        """Put a workflow on a queue, to be run with these arguments.

        A ``workflow_id`` that exists already is left as it is, and its handle returned, if the
        workflow is the same; otherwise :class:`ConflictingWorkflow` is raised. The policy
        “reject” raises :class:`WorkflowIDInUse` for any. Raises :class:`QueueDeduplicated` when
        the deduplication ID is held (unless the policy says otherwise) and
        :class:`SerializationError` for arguments that the format cannot carry.

        Safe to repeat, and repeated by itself when the connection breaks: it cannot start twice.
        """
        params = self._enqueue_row(options, args, kwargs)
        statement = _ENQUEUE_NEW_ID if options.workflow_id is None else ENQUEUE
        while True:
            try:
                if self._db.insert(statement, params):
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
                is_new = bool(row["is_new"])
                return WorkflowHandle(params["workflow_id"], self._workflows, is_new=is_new)

    def _enqueue_row(
        self,
        options: EnqueueOptions,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> dict[str, Any]:
        dialect = options.dialect or self._dialect
        owner = options.application_name or self._application_name
        self._db.assert_supported(
            "workflow_status",
            delay_until_epoch_ms=options.delay_seconds,
            attributes=options.attributes,
            application_name=owner,
            # It tells our own run from another's when the statement was sent again.
            creator_xid=options.workflow_id_reuse_policy == "reject",
        )
        format_name = format_to_write(
            self._db,
            "workflow_status",
            owner,
            stated=options.serialization,
            dialect=dialect,
            custom=self._serialization.custom,
        )
        inputs, serialization = self._serialization.encode_arguments(args, kwargs, format_name)
        identity = identity_columns(
            options.authenticated_user,
            options.authenticated_roles,
            dialect,
            serialization,
        )
        delay = options.delay_seconds
        return {
            **identity,
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
            "application_name": owner,
            "serialization": serialization,
            "inputs": inputs,
            "creator_xid": str(uuid.uuid4()),
            "workflow_id_reuse_policy": options.workflow_id_reuse_policy,
        }

    def _existing(self, params: Params) -> Row | None:
        """The row that has the ID; None if it was deleted meanwhile."""
        # It may be ours: the insert is repeated when the connection breaks before its answer.
        with after_a_write():
            rows = self._db.read(_EXISTING, params)
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
    """Raise :class:`ConflictingWorkflow` if the ID belongs to another workflow.

    And :class:`WorkflowIDInUse` if it belongs to any, where that was asked for.
    """
    if params["workflow_id_reuse_policy"] == "reject" and not row["is_new"]:
        raise WorkflowIDInUse(params["workflow_id"], row["name"])
    for field, column in (
        ("workflow_name", "name"),
        ("workflow_class_name", "class_name"),
        ("workflow_config_name", "config_name"),
    ):
        if row[column] != params[field]:
            raise ConflictingWorkflow(params["workflow_id"], field, row[column], params[field])
