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

        A workflow that does not exist yet is waited for. Raises :class:`WorkflowFailed` with the
        recorded error, :class:`AwaitedWorkflowCancelled`,
        :class:`AwaitedWorkflowMaxRecoveryAttemptsExceeded`, or :class:`WaitTimeout`.
        """
        if not self._workflows._waiting.first_over({self.workflow_id}, timeout_seconds):
            raise WaitTimeout(self.workflow_id, timeout_seconds or 0)
        return self._outcome(self.get_status())

    def _outcome(self, status: WorkflowStatus) -> Any:
        match status.status:
            case StatusString.SUCCESS:
                return status.output
            case StatusString.CANCELLED:
                raise AwaitedWorkflowCancelled(self.workflow_id)
            case StatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED:
                raise AwaitedWorkflowMaxRecoveryAttemptsExceeded(self.workflow_id)
        raise WorkflowFailed(self.workflow_id, status.error)
