"""The columns that a list of workflows may have."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from client_core import StatusString, WorkflowStatus
from console.systems import System
from console.templatetags.console import brief, copyable, duration, status_badge, when

Text = SafeString | str


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``style`` names its class in the style sheet."""

    key: str
    label: str
    cell: Callable[[WorkflowStatus, System], Text | None]
    #: Columns that are “wide” are left out on a narrow screen.
    style: str = "wide"

    def show(self, run: WorkflowStatus, system: System) -> Text:
        """The cell of a run; a dash where there is nothing."""
        return self.cell(run, system) or "–"


def _name(run: WorkflowStatus, system: System) -> Text:
    url = reverse("workflow", args=[system, run.workflow_id])
    return format_html('<a href="{}">{}</a>', url, run.name or "–")


def _id(run: WorkflowStatus, system: System) -> Text:
    return copyable(run.workflow_id)


def _queue(run: WorkflowStatus, system: System) -> Text | None:
    if not run.queue_name:
        return None
    url = reverse("queue", args=[system, run.queue_name])
    return format_html('<a class="quiet-link" href="{}">{}</a>', url, run.queue_name)


def _duration(run: WorkflowStatus, system: System) -> Text | None:
    if run.completed_at is None and run.status != StatusString.PENDING:
        return None
    return duration(run.dequeued_at or run.created_at, run.completed_at)


def _parent(run: WorkflowStatus, system: System) -> Text | None:
    if run.parent_workflow_id is None:
        return None
    url = reverse("workflow", args=[system, run.parent_workflow_id])
    return format_html('<a href="{}"><code>{}</code></a>', url, run.parent_workflow_id)


_COLUMNS = (
    Column("status", "Status", lambda run, _: status_badge(run.status), style=""),
    Column("name", "Workflow", _name, style="name"),
    Column("id", "ID", _id),
    Column("queue", "Queue", _queue),
    Column("created", "Created", lambda run, _: when(run.created_at), style=""),
    Column("started", "Started", lambda run, _: when(run.dequeued_at)),
    Column("completed", "Completed", lambda run, _: when(run.completed_at)),
    Column("duration", "Duration", _duration, style="number wide"),
    Column("app", "Application", lambda run, _: run.application_name),
    Column("version", "Version", lambda run, _: run.app_version),
    Column("executor", "Executor", lambda run, _: run.executor_id),
    Column("user", "User", lambda run, _: run.authenticated_user),
    Column("schedule", "Schedule", lambda run, _: run.schedule_name),
    Column("parent", "Parent", _parent),
    Column("priority", "Priority", lambda run, _: str(run.priority or ""), style="number wide"),
    Column(
        "attributes", "Attributes", lambda run, _: brief(run.attributes) if run.attributes else ""
    ),
)
COLUMNS = {column.key: column for column in _COLUMNS}
USUAL = ("status", "name", "id", "queue", "created", "duration")
