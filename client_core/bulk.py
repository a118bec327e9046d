"""Many at once: set-based statements that start workflows and send messages by the thousand."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

from client_core.database import Execute, ForeignKeyViolated, Params, Row, UniqueViolated
from client_core.dialects import Dialect
from client_core.enqueue import Enqueue, assert_same
from client_core.errors import InvalidOption, NonExistentWorkflow, QueueDeduplicated
from client_core.handle import WorkflowHandle
from client_core.messages import Messages, SendMessage
from client_core.options import EnqueueOptions

#: Rows a statement; more gain nothing, and the arrays of arguments stay small.
BATCH = 2_000

#: One run: its options, its positional and its named arguments.
Enqueued = tuple[EnqueueOptions, Sequence[Any], Mapping[str, Any]]

# As for a single run: an ID that is there stays as it is, and its row is reported.
_ENQUEUE_MANY: LiteralString = """
WITH given AS (
    -- Not now(), which is one moment for all: queues and lists go by it.
    SELECT *, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at_ms
    FROM unnest(
        %(workflow_id)s::text[], %(workflow_name)s::text[], %(workflow_class_name)s::text[],
        %(workflow_config_name)s::text[], %(queue_name)s::text[], %(app_version)s::text[],
        %(workflow_timeout_ms)s::bigint[], %(deduplication_id)s::text[], %(priority)s::integer[],
        %(queue_partition_key)s::text[], %(delay_ms)s::bigint[], %(attributes)s::jsonb[],
        %(application_name)s::text[], %(serialization)s::text[], %(inputs)s::text[],
        %(authenticated_user)s::text[], %(authenticated_roles)s::text[],
        %(assumed_role)s::text[], %(executor_id)s::text[], %(application_id)s::text[],
        %(creator_xid)s::text[]
    ) AS row (
        workflow_id, workflow_name, workflow_class_name, workflow_config_name, queue_name,
        app_version, workflow_timeout_ms, deduplication_id, priority, queue_partition_key,
        delay_ms, attributes, application_name, serialization, inputs, authenticated_user,
        authenticated_roles, assumed_role, executor_id, application_id, creator_xid
    )
), created AS (
    INSERT INTO {schema}.workflow_status (
        delay_until_epoch_ms,  -- since workflow_status.delay_until_epoch_ms
        attributes,  -- since workflow_status.attributes
        application_name,  -- since workflow_status.application_name
        serialization,  -- since workflow_status.serialization
        creator_xid,  -- since workflow_status.creator_xid
        -- before workflow_input: inputs,
        workflow_uuid, status, name, class_name, config_name, queue_name, application_version,
        workflow_timeout_ms, deduplication_id, priority, queue_partition_key, recovery_attempts,
        authenticated_user, authenticated_roles, assumed_role, executor_id, application_id,
        created_at, updated_at
    )
    SELECT
        at_ms + delay_ms,  -- since workflow_status.delay_until_epoch_ms
        attributes,  -- since workflow_status.attributes
        application_name,  -- since workflow_status.application_name
        serialization,  -- since workflow_status.serialization
        creator_xid,  -- since workflow_status.creator_xid
        -- before workflow_input: inputs,
        workflow_id, CASE WHEN delay_ms IS NULL THEN 'ENQUEUED' ELSE 'DELAYED' END,
        workflow_name, workflow_class_name, workflow_config_name, queue_name, app_version,
        workflow_timeout_ms, deduplication_id, priority, queue_partition_key, 0,
        authenticated_user, authenticated_roles, assumed_role, executor_id, application_id,
        at_ms, at_ms
    FROM given
    ON CONFLICT (workflow_uuid) DO NOTHING
    RETURNING workflow_uuid AS workflow_id, name, class_name, config_name
-- since workflow_input:
), arguments AS (
    INSERT INTO {schema}.workflow_input (workflow_uuid, inputs)
    SELECT workflow_id, inputs FROM created JOIN given USING (workflow_id)
    ON CONFLICT (workflow_uuid) DO UPDATE SET inputs = excluded.inputs
-- end
)
SELECT workflow_id, name, class_name, config_name, TRUE AS is_new FROM created
UNION ALL
SELECT workflow_uuid, name, class_name, config_name, creator_xid = ANY(%(creator_xid)s)
FROM {schema}.workflow_status
WHERE workflow_uuid = ANY(%(workflow_id)s)"""

_SEND_MANY: LiteralString = """
INSERT INTO {schema}.notifications (
    destination_uuid, topic, message,
    serialization,  -- since notifications.serialization
    message_uuid)
SELECT * FROM unnest(
    %(destination_id)s::text[], %(topic)s::text[], %(message)s::text[],
    %(serialization)s::text[],  -- since notifications.serialization
    %(message_uuid)s::text[])
ON CONFLICT (message_uuid) DO NOTHING"""


class Bulk(Enqueue, Messages):
    """The part of the client that starts and sends, one or many."""

    def enqueue_many(self, runs: Iterable[Enqueued]) -> list[WorkflowHandle]:
        """Put many workflows on their queues, all or none; their handles, in the order given.

        Each run is what :meth:`enqueue` takes: ``(options, args, kwargs)``. Raises what that
        raises, and then starts none. ``duplication_policy="return-existing"`` is for single runs.
        Repeated by itself when the connection breaks: no run starts twice.
        """
        rows: list[Params] = []
        for options, args, kwargs in runs:
            if options.duplication_policy == "return-existing":
                raise InvalidOption({"duplication_policy": "“return-existing” is for single runs"})
            rows.append(self._enqueue_row(options, tuple(args), dict(kwargs)))
        # Of an ID that is given twice the first counts, as in single calls.
        first = {row["workflow_id"]: row for row in reversed(rows)}
        try:
            new = self._db.transaction(
                lambda execute: _insert(execute, rows, first), repeatable=True
            )
        except UniqueViolated as error:
            raise _deduplicated(rows, error) from error
        return [
            WorkflowHandle(
                row["workflow_id"],
                self._workflows,
                is_new=new[row["workflow_id"]] and first[row["workflow_id"]] is row,
            )
            for row in rows
        ]

    def send_many(
        self,
        messages: Iterable[SendMessage],
        *,
        serialization: str | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        """Send many messages, all or none.

        Raises :class:`NonExistentWorkflow` for a destination that is not there. When the
        connection breaks it does as :meth:`send` does.
        """
        rows: list[Params] = [self._message_row(one, serialization, dialect) for one in messages]

        def send(execute: Execute) -> None:
            for batch in _batches(rows):
                execute(_SEND_MANY, _arrays(batch))

        try:
            self._db.transaction(send, repeatable=self._may_send_again())
        except ForeignKeyViolated as error:
            missing = (row for row in rows if f"=({row['destination_id']})" in error.detail)
            destination = next(missing, rows[0])["destination_id"]
            raise NonExistentWorkflow(destination) from error


def _insert(execute: Execute, rows: list[Params], first: Mapping[str, Params]) -> dict[str, bool]:
    """Insert the first row of each ID; by ID, whether it is new. All must be of what is there."""
    found: dict[str, Row] = {}
    for batch in _batches(list(first.values())):
        left = batch
        # A second time only for an ID that was taken while the statement ran, out of its sight.
        while left:
            answer = execute(_ENQUEUE_MANY, _arrays(left))
            found |= {row["workflow_id"]: row for row in answer}
            left = [row for row in left if row["workflow_id"] not in found]
    for row in rows:
        there = found[row["workflow_id"]]
        is_own = there["is_new"] and first[row["workflow_id"]] is row
        assert_same(row, {**there, "is_new": is_own})
    return {workflow_id: bool(row["is_new"]) for workflow_id, row in found.items()}


def _deduplicated(rows: list[Params], error: UniqueViolated) -> QueueDeduplicated:
    """Which run the database meant: its detail spells the key as ``(queue, ID)``."""
    for row in rows:
        if f"({row['queue_name']}, {row['deduplication_id']})" in error.detail:
            return QueueDeduplicated(row["queue_name"], row["deduplication_id"])
    return QueueDeduplicated(error.detail, error.detail)


def _batches(rows: list[Params]) -> Iterable[list[Params]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _arrays(rows: list[Params]) -> dict[str, list[Any]]:
    return {column: [row[column] for row in rows] for column in rows[0]}
