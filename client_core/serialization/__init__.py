"""Payloads of DBOS rows: one module a format, and one registry.

The row names its format; `Serialization` finds the module for it. Readers build plain data and
inert descriptions, within a `Budget`, and never run what a payload names.
"""

from client_core.serialization.budget import Budget
from client_core.serialization.errors import SerializationError
from client_core.serialization.format import Serializer
from client_core.serialization.registry import Serialization
from client_core.serialization.values import (
    UNDEFINED,
    OpaqueObject,
    RawValue,
    RecordedError,
    WorkflowInputs,
)

__all__ = [
    "UNDEFINED",
    "Budget",
    "OpaqueObject",
    "RawValue",
    "RecordedError",
    "Serialization",
    "SerializationError",
    "Serializer",
    "WorkflowInputs",
]
