"""client_core: a Python client for the DBOS system database, free of any web framework.

Everything public is importable from here.
"""

from client_core.client import DBOSClient
from client_core.errors import (
    AwaitedWorkflowCancelled,
    AwaitedWorkflowMaxRecoveryAttemptsExceeded,
    ConflictingWorkflow,
    DatabaseRefused,
    DatabaseUnavailable,
    DBOSClientError,
    InvalidOption,
    NonExistentWorkflow,
    OutcomeUnknown,
    QueryTimeout,
    QueueDeduplicated,
    SystemDatabaseError,
    UnsupportedBySchema,
    WaitTimeout,
    WorkflowFailed,
)
from client_core.filters import WorkflowFilter
from client_core.handle import WorkflowHandle
from client_core.messages import SendMessage
from client_core.models import StatusString, StepInfo, Transition, WorkflowStatus
from client_core.options import EnqueueOptions, workflow_id_rule
from client_core.serialization import (
    OpaqueObject,
    RawValue,
    RecordedError,
    SerializationError,
    Serializer,
    WorkflowInputs,
)

__all__ = [
    "AwaitedWorkflowCancelled",
    "AwaitedWorkflowMaxRecoveryAttemptsExceeded",
    "ConflictingWorkflow",
    "DBOSClient",
    "DBOSClientError",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "EnqueueOptions",
    "InvalidOption",
    "NonExistentWorkflow",
    "OpaqueObject",
    "OutcomeUnknown",
    "QueryTimeout",
    "QueueDeduplicated",
    "RawValue",
    "RecordedError",
    "SendMessage",
    "SerializationError",
    "Serializer",
    "StatusString",
    "StepInfo",
    "SystemDatabaseError",
    "Transition",
    "UnsupportedBySchema",
    "WaitTimeout",
    "WorkflowFailed",
    "WorkflowFilter",
    "WorkflowHandle",
    "WorkflowInputs",
    "WorkflowStatus",
    "workflow_id_rule",
]
