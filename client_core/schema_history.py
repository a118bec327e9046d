"""What today's tables have beyond those of the oldest SDKs supported, and which SDK brought it.

Today is Python SDK 3.4 and TypeScript SDK 5.3; the oldest are Python SDK 1.14 and TypeScript
SDK 3.5. Nothing that these had has been taken away since. Read from the migrations of the released
packages: of a minor version of the TypeScript SDK the registry keeps the last patch only, and has
none of 4.2 and 4.8.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

#: The number of the newest migration known here. A database beyond it is read as this one.
NEWEST_MIGRATION: Final = 125


class Introduced(NamedTuple):
    """The first version of each SDK whose migrations create a table or column."""

    python: str
    typescript: str


#: By table or by `table.column`. What is not here has been there since the oldest SDKs; columns
#: that came with their table have no entry of their own.
INTRODUCED: Final[Mapping[str, Introduced]] = {
    "application_versions": Introduced("2.14.0", "4.10.15"),
    "application_versions.application_name": Introduced("2.30.0", "4.26.10"),
    "notifications.consumed": Introduced("2.14.0", "4.10.15"),
    "notifications.serialization": Introduced("2.14.0", "4.9.11"),
    "notifications.consumed_by_function_id": Introduced("3.1.0", "5.1.10"),
    "operation_outputs.completed_at_epoch_ms": Introduced("2.4.0", "4.4.9"),
    "operation_outputs.started_at_epoch_ms": Introduced("2.4.0", "4.4.9"),
    "operation_outputs.serialization": Introduced("2.14.0", "4.9.11"),
    "operation_outputs.application_name": Introduced("2.30.0", "4.26.10"),
    "operation_outputs.retention_timestamp": Introduced("3.0.0", "5.0.2"),
    "queues": Introduced("2.20.0", "4.17.6"),
    "queues.application_name": Introduced("2.30.0", "4.26.10"),
    "queues.partition_concurrency": Introduced("2.31.0", "4.27.6"),
    "queues.partition_rate_limit_max": Introduced("2.31.0", "4.27.6"),
    "queues.partition_rate_limit_period_sec": Introduced("2.31.0", "4.27.6"),
    "queues.partition_worker_concurrency": Introduced("2.31.0", "4.27.6"),
    "streams.function_id": Introduced("2.5.0", "4.5.13"),
    "streams.serialization": Introduced("2.14.0", "4.9.11"),
    "workflow_events.serialization": Introduced("2.14.0", "4.9.11"),
    "workflow_events_history": Introduced("2.5.0", "4.5.13"),
    "workflow_events_history.serialization": Introduced("2.14.0", "4.9.11"),
    "workflow_input": Introduced("3.0.0", "5.0.2"),
    "workflow_output": Introduced("3.0.0", "5.0.2"),
    "workflow_schedules": Introduced("2.13.0", "4.9.11"),
    "workflow_schedules.automatic_backfill": Introduced("2.15.0", "4.11.11"),
    "workflow_schedules.cron_timezone": Introduced("2.15.0", "4.11.11"),
    "workflow_schedules.last_fired_at": Introduced("2.15.0", "4.11.11"),
    "workflow_schedules.queue_name": Introduced("2.16.0", "4.12.9"),
    "workflow_schedules.application_name": Introduced("2.30.0", "4.26.10"),
    "workflow_status.queue_partition_key": Introduced("2.2.0", "4.3.8"),
    "workflow_status.forked_from": Introduced("2.4.0", "4.4.9"),
    "workflow_status.owner_xid": Introduced("2.7.0", "4.5.13"),
    "workflow_status.parent_workflow_id": Introduced("2.11.0", "4.9.11"),
    "workflow_status.serialization": Introduced("2.14.0", "4.9.11"),
    "workflow_status.delay_until_epoch_ms": Introduced("2.16.0", "4.12.9"),
    "workflow_status.was_forked_from": Introduced("2.16.0", "4.12.9"),
    "workflow_status.rate_limited": Introduced("2.20.0", "4.17.6"),
    "workflow_status.completed_at": Introduced("2.23.0", "4.19.8"),
    "workflow_status.attributes": Introduced("2.25.0", "4.21.6"),
    "workflow_status.schedule_name": Introduced("2.25.0", "4.21.6"),
    "workflow_status.debounce_deadline_epoch_ms": Introduced("2.27.0", "4.24.16"),
    "workflow_status.is_debounced": Introduced("2.27.0", "4.24.16"),
    "workflow_status.application_name": Introduced("2.30.0", "4.26.10"),
    "workflow_status.creator_xid": Introduced("3.2.0", "5.2.11"),
}

#: The PostgreSQL types of all columns that are not in the oldest tables, by table and column.
TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "application_versions": {
        "application_name": "text",
        "created_at": "bigint",
        "version_id": "text",
        "version_name": "text",
        "version_timestamp": "bigint",
    },
    "notifications": {
        "consumed": "boolean",
        "consumed_by_function_id": "integer",
        "serialization": "text",
    },
    "operation_outputs": {
        "application_name": "text",
        "completed_at_epoch_ms": "bigint",
        "retention_timestamp": "bigint",
        "serialization": "text",
        "started_at_epoch_ms": "bigint",
    },
    "queues": {
        "application_name": "text",
        "concurrency": "integer",
        "created_at": "bigint",
        "name": "text",
        "partition_concurrency": "integer",
        "partition_queue": "boolean",
        "partition_rate_limit_max": "integer",
        "partition_rate_limit_period_sec": "double precision",
        "partition_worker_concurrency": "integer",
        "polling_interval_sec": "double precision",
        "priority_enabled": "boolean",
        "queue_id": "text",
        "rate_limit_max": "integer",
        "rate_limit_period_sec": "double precision",
        "updated_at": "bigint",
        "worker_concurrency": "integer",
    },
    "streams": {
        "function_id": "integer",
        "serialization": "text",
    },
    "workflow_events": {
        "serialization": "text",
    },
    "workflow_events_history": {
        "function_id": "integer",
        "key": "text",
        "serialization": "text",
        "value": "text",
        "workflow_uuid": "text",
    },
    "workflow_input": {
        "inputs": "text",
        "retention_timestamp": "bigint",
        "workflow_uuid": "text",
    },
    "workflow_output": {
        "error": "text",
        "output": "text",
        "retention_timestamp": "bigint",
        "workflow_uuid": "text",
    },
    "workflow_schedules": {
        "application_name": "text",
        "automatic_backfill": "boolean",
        "context": "text",
        "cron_timezone": "text",
        "last_fired_at": "text",
        "queue_name": "text",
        "schedule": "text",
        "schedule_id": "text",
        "schedule_name": "text",
        "status": "text",
        "workflow_class_name": "text",
        "workflow_name": "text",
    },
    "workflow_status": {
        "application_name": "text",
        "attributes": "jsonb",
        "completed_at": "bigint",
        "creator_xid": "text",
        "debounce_deadline_epoch_ms": "bigint",
        "delay_until_epoch_ms": "bigint",
        "forked_from": "text",
        "is_debounced": "boolean",
        "owner_xid": "text",
        "parent_workflow_id": "text",
        "queue_partition_key": "text",
        "rate_limited": "boolean",
        "schedule_name": "text",
        "serialization": "text",
        "was_forked_from": "boolean",
    },
}
