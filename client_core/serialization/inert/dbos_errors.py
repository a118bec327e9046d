"""The errors of DBOS itself, which are pickled as the parts of their message.

`DBOSMaxStepRetriesExceeded("charge", 3, [...])` prints a sentence that is in none of its parts.
The sentences are those of the official SDK 3.4; a test holds them against it.
"""

from collections.abc import Callable
from typing import Any, Final

from client_core.serialization.values import OpaqueObject

_MODULES: Final = ("dbos._error", "dbos.error")


def dbos_error(error: OpaqueObject, code: int | str | None) -> tuple[int | str, str] | None:
    """Code and message of an error that DBOS raised; None for all others.

    `code` is the one among its attributes: those with parts have none, and their class tells.
    """
    if error.module not in _MODULES:
        return None
    if error.name in _SENTENCES:
        code, sentence = _SENTENCES[error.name]
        try:
            return code, f"DBOS Error {code}: {sentence(*error.args)}"
        except TypeError:  # another version of the SDK, with other parts
            return None
    if code is not None and len(error.args) == 1:
        return code, f"DBOS Error {code}: {error.args[0]}"
    return None


def _recovery_exceeded(workflow_id: Any, limit: Any) -> str:
    attempts = "its maximum number of" if limit is None else f"its maximum of {limit}"
    return (
        f"Workflow {workflow_id} has exceeded {attempts} execution or recovery attempts. Further"
        " attempts to execute or recover it will fail. See documentation for details:"
        " https://docs.dbos.dev/python/reference/decorators"
    )


def _stream_timeout(workflow_id: Any, key: Any, seconds: Any) -> str:
    within = "" if seconds is None else f" within {seconds} seconds"
    return f"No value arrived on stream {key} of workflow {workflow_id}{within}"


_SENTENCES: Final[dict[str, tuple[int, Callable[..., str]]]] = {
    "DBOSRecoveryError": (2, lambda id_, why: f"Recovery error for workflow ID {id_}: {why}"),
    "DBOSInitializationError": (3, lambda why: f"Error initializing DBOS Transact: {why}"),
    "DBOSWorkflowFunctionNotFoundError": (
        4,
        lambda id_, why: f"Could not execute workflow {id_}: {why}",
    ),
    "DBOSNonExistentWorkflowError": (
        5,
        lambda role, id_: f"Non-existent {role} workflow ID: {id_}",
    ),
    "MaxRecoveryAttemptsExceededError": (6, _recovery_exceeded),
    "DBOSMaxStepRetriesExceeded": (
        7,
        lambda step, limit, errors: f"Step {step} has exceeded its maximum of {limit} retries",
    ),
    "DBOSNotAuthorizedError": (8, lambda why: f"{why}"),
    "DBOSConflictingWorkflowError": (
        9,
        lambda id_, why: f"Conflicting workflow invocation with the same ID ({id_}): {why}",
    ),
    "DBOSUnexpectedStepError": (
        11,
        lambda id_, step, expected, recorded: (
            f"During execution of workflow {id_} step {step}, function {recorded} was recorded"
            f" when {expected} was expected. Check that your workflow is deterministic."
        ),
    ),
    "DBOSQueueDeduplicatedError": (
        12,
        lambda id_, queue, key: (
            f"Workflow {id_} was deduplicated due to an existing workflow in queue {queue} with"
            f" deduplication ID {key}."
        ),
    ),
    "DBOSAwaitedWorkflowCancelledError": (
        13,
        lambda id_: f"Awaited workflow {id_} was cancelled",
    ),
    "DBOSAwaitedWorkflowMaxRecoveryAttemptsExceeded": (
        14,
        lambda id_: f"Awaited workflow {id_} exceeded its maximum recovery attempts",
    ),
    "DBOSPatchNondeterminismError": (
        15,
        lambda id_, patch, why: (
            f"Cannot deterministically apply patch {patch} in workflow {id_}: {why}. Check that"
            " your workflow is deterministic."
        ),
    ),
    "DBOSStreamTimeoutError": (16, _stream_timeout),
    "DBOSStreamNondeterminismError": (
        17,
        lambda id_, key: (
            f"Cannot deterministically read stream {key} in workflow {id_}: another stream read in"
            " the same workflow is still in progress, so which read records which value would"
            " depend on task scheduling. Read streams from sequential workflow code, or read them"
            " from a step."
        ),
    ),
    "DBOSStepTimeoutError": (
        18,
        lambda step, seconds: (
            f"Step {step} was cancelled after exceeding its timeout of {seconds} seconds"
        ),
    ),
    "DBOSQueryTimeoutError": (
        26,
        lambda seconds: (
            f"This query was cancelled after exceeding its {seconds}s statement timeout."
        ),
    ),
    "DBOSWorkflowIDInUseError": (
        27,
        lambda id_, status, name: (
            f"Workflow ID {id_} is already in use by workflow {name} with status {status}."
        ),
    ),
    "DBOSStepNondeterminismError": (
        28,
        lambda id_, step: (
            f"Step {step} of workflow {id_} was recorded twice by the same execution with different"
            " results. Check that your workflow is deterministic."
        ),
    ),
}
