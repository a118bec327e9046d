"""WorkflowHandle: one workflow, to look at and to wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client_core.errors import (
    AwaitedWorkflowCancelled,
    AwaitedWorkflowMaxRecoveryAttemptsExceeded,
    NonExistentWorkflow,
    WaitTimeout,
    WorkflowFailed,
)
from client_core.models import StatusString, WorkflowStatus
from client_core.questions import run_over

if TYPE_CHECKING:
    from client_core.workflows import Workflows


class WorkflowHandle:
    """A workflow by its ID; whatever it tells is read when asked for."""

    def __init__(self, workflow_id: str, workflows: Workflows, *, is_new: bool = False) -> None:
        self.workflow_id = workflow_id
        #: Whether the call that returned this handle created the workflow.
        self.is_new = is_new
        self._workflows = workflows

    def __repr__(self) -> str:
        return f"WorkflowHandle({self.workflow_id!r})"

    def get_status(self) -> WorkflowStatus:
        """The workflow as it is now. Raises :class:`NonExistentWorkflow`."""
        status = self._workflows.get_workflow(self.workflow_id)
        if status is None:
            raise NonExistentWorkflow(self.workflow_id)
        return status

    def get_result(self, timeout_seconds: float | None = None) -> Any:
        """Wait for the workflow to end and return its output.

        A workflow that does not exist yet is waited for, and a database that goes away meanwhile.
        Raises :class:`WorkflowFailed` with the recorded error, :class:`AwaitedWorkflowCancelled`,
        :class:`AwaitedWorkflowMaxRecoveryAttemptsExceeded`, or :class:`WaitTimeout`; and
        :class:`DatabaseUnavailable` when the database cannot be reached to begin with.
        """
        question = run_over(self.workflow_id)
        ended = self._workflows._waiting.read(
            question, self._ended_status, timeout_seconds, first=False
        )
        if ended is None:
            raise WaitTimeout(self.workflow_id, timeout_seconds or 0)
        return self._outcome(ended)

    def _ended_status(self) -> WorkflowStatus | None:
        """None if it is not over, perhaps because it was resumed just now."""
        status = self.get_status()
        return None if status.is_active else status

    def _outcome(self, status: WorkflowStatus) -> Any:
        match status.status:
            case StatusString.SUCCESS:
                return status.output
            case StatusString.CANCELLED:
                raise AwaitedWorkflowCancelled(self.workflow_id)
            case StatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED:
                raise AwaitedWorkflowMaxRecoveryAttemptsExceeded(self.workflow_id)
        raise WorkflowFailed(self.workflow_id, status.error)
