"""client_core: a Python client for the DBOS system database, free of any web framework.

Everything public is importable from here.
"""

from client_core.changes import Changes, Subject, SubjectKind, run_subject
from client_core.client import DBOSClient
from client_core.comparison import Likeness, StepComparison, StepOutline, StepPair
from client_core.control import INTERNAL_QUEUE_NAME
from client_core.cron import InvalidCronExpression, next_times, times_between, validate_cron
from client_core.debounce import DebouncerClient
from client_core.dialects import Dialect, dialect_name
from client_core.differences import ABSENT, Difference, Differences, differences
from client_core.error_groups import ErrorGroup, ErrorGroups, Failure
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
    WorkflowIDInUse,
)
from client_core.exchange import Entry, Event, Exchange, Message, Stream
from client_core.families import Descendant
from client_core.filters import WorkflowFilter
from client_core.fork_previews import ForkPreview, ForkSide, NamedSteps
from client_core.handle import WorkflowHandle
from client_core.held_debounces import HeldDebounce
from client_core.messages import SendMessage
from client_core.models import StatusString, StepInfo, Transition, WorkflowStatus
from client_core.obstacles import Obstacle, ObstacleKind
from client_core.options import EnqueueOptions, workflow_id_rule
from client_core.overview import Overview, Part, Relative, Span, wake_ms
from client_core.payload_texts import PayloadKind, PayloadPlace, PayloadText
from client_core.queue_activity import QueueActivity
from client_core.queue_details import QueueDetails, QueuedRun, QueuePartition
from client_core.queue_history import QueueHistory, QueueSlot, QueueTaker
from client_core.queues import QueueLimits
from client_core.records import (
    ExportedSchedule,
    Queue,
    RateLimit,
    ScheduleChange,
    ScheduleDifference,
    ScheduledRun,
    VersionInfo,
    WorkflowSchedule,
)
from client_core.resource_errors import (
    DialectUnknown,
    NonExistentQueue,
    NonExistentSchedule,
    NonExistentVersion,
    OwnedByAnotherApplication,
    ScheduleChanged,
    ScheduleExists,
    SchedulesChanged,
)
from client_core.schedule_activity import ScheduleActivity
from client_core.schedule_rows import KEPT, ScheduleChanges, ScheduleDefinition
from client_core.schema import Capabilities
from client_core.serialization import (
    UNDEFINED,
    OpaqueObject,
    RawValue,
    RecordedError,
    SerializationError,
    Serializer,
    WorkflowInputs,
)
from client_core.steps import StepPage, StepRow

__all__ = [
    "ABSENT",
    "INTERNAL_QUEUE_NAME",
    "KEPT",
    "UNDEFINED",
    "AwaitedWorkflowCancelled",
    "AwaitedWorkflowMaxRecoveryAttemptsExceeded",
    "Capabilities",
    "Changes",
    "ConflictingWorkflow",
    "DBOSClient",
    "DBOSClientError",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "DebouncerClient",
    "Descendant",
    "Dialect",
    "DialectUnknown",
    "Difference",
    "Differences",
    "EnqueueOptions",
    "Entry",
    "ErrorGroup",
    "ErrorGroups",
    "Event",
    "Exchange",
    "ExportedSchedule",
    "Failure",
    "ForkPreview",
    "ForkSide",
    "HeldDebounce",
    "InvalidCronExpression",
    "InvalidOption",
    "Likeness",
    "Message",
    "NamedSteps",
    "NonExistentQueue",
    "NonExistentSchedule",
    "NonExistentVersion",
    "NonExistentWorkflow",
    "Obstacle",
    "ObstacleKind",
    "OpaqueObject",
    "OutcomeUnknown",
    "Overview",
    "OwnedByAnotherApplication",
    "Part",
    "PayloadKind",
    "PayloadPlace",
    "PayloadText",
    "QueryTimeout",
    "Queue",
    "QueueActivity",
    "QueueDeduplicated",
    "QueueDetails",
    "QueueHistory",
    "QueueLimits",
    "QueuePartition",
    "QueueSlot",
    "QueueTaker",
    "QueuedRun",
    "RateLimit",
    "RawValue",
    "RecordedError",
    "Relative",
    "ScheduleActivity",
    "ScheduleChange",
    "ScheduleChanged",
    "ScheduleChanges",
    "ScheduleDefinition",
    "ScheduleDifference",
    "ScheduleExists",
    "ScheduledRun",
    "SchedulesChanged",
    "SendMessage",
    "SerializationError",
    "Serializer",
    "Span",
    "StatusString",
    "StepComparison",
    "StepInfo",
    "StepOutline",
    "StepPage",
    "StepPair",
    "StepRow",
    "Stream",
    "Subject",
    "SubjectKind",
    "SystemDatabaseError",
    "Transition",
    "UnsupportedBySchema",
    "VersionInfo",
    "WaitTimeout",
    "WorkflowFailed",
    "WorkflowFilter",
    "WorkflowHandle",
    "WorkflowIDInUse",
    "WorkflowInputs",
    "WorkflowSchedule",
    "WorkflowStatus",
    "dialect_name",
    "differences",
    "next_times",
    "run_subject",
    "times_between",
    "validate_cron",
    "wake_ms",
    "workflow_id_rule",
]
