"""The options of an action that is shown as code: fields of the form that would do it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from client_core import StatusString, WorkflowStatus
from client_core.models import FINISHED
from console.code.calls import METHODS, Call
from console.workflows.run_forms import (
    ActForm,
    CancelForm,
    DelayForm,
    DeleteForm,
    ForkForm,
    PriorityForm,
    ResumeForm,
    id_end,
)
from console.workflows.start_forms import SendForm

#: How far a delay is moved that nobody has chosen yet.
_AN_HOUR_SECONDS = 3_600
AnyForm: TypeAlias = ActForm | SendForm
_FORMS: dict[str, type[AnyForm]] = {
    "send": SendForm,
    "cancel": CancelForm,
    "resume": ResumeForm,
    "fork": ForkForm,
    "delay": DelayForm,
    "priority": PriorityForm,
    "delete": DeleteForm,
}


def form_of(action: str, data: Mapping[str, Any]) -> AnyForm:
    """The form of an action, without what only somebody needs who really sends it."""
    form = _FORMS[action](data)
    for name in form.fields.keys() - METHODS[action].fields.keys():
        del form.fields[name]
    return form


def usual(action: str, run: WorkflowStatus, start_step: int) -> dict[str, Any]:
    """What the form holds as long as nobody has chosen anything."""
    match action:
        case "send":
            every = {name: field.initial for name, field in SendForm.base_fields.items()}
            return {**every, "message": "{}", "idempotency_key": str(uuid.uuid4())}
        case "fork":
            return {"start_step": start_step}
        case "delay":
            return {"delay_seconds": _AN_HOUR_SECONDS}
        case "priority":
            return {"priority": run.priority or 1}
    return {}


def call_of(action: str, workflow_id: str, form: AnyForm, *, is_active: bool = False) -> Call:
    """What a valid form says; to delete an active run the console wants a sign that it is meant."""
    given = {
        option: _plain(value)
        for name, option in METHODS[action].fields.items()
        # A message may be anything, nothing as well; and 0 is a step.
        if not _is_empty(value := form.cleaned_data[name]) or name == "message"
    }
    typed = {"confirmation": id_end(workflow_id)}
    beside = typed if action == "delete" and is_active else {}
    return Call(action, workflow_id, given, beside)


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value == ""


def _plain(value: Any) -> Any:
    return round(value.timestamp() * 1_000) if isinstance(value, datetime) else value


def notes_of(action: str, run: WorkflowStatus) -> list[str]:
    """What somebody should know before the code runs."""
    nothing = {
        "send": run.status in FINISHED and "It is over: it would not read the message.",
        "cancel": not run.is_active and "It is over: this would change nothing of it.",
        "resume": run.status in FINISHED and "It is over: this would change nothing.",
        "delay": run.status != StatusString.DELAYED
        and "It is not delayed: this would change nothing.",
        "priority": run.status not in (StatusString.ENQUEUED, StatusString.DELAYED)
        and "It does not wait: this would change nothing.",
        "delete": run.is_active
        and "It is not over: deleting does not stop code that runs. Cancel it first.",
    }
    note = nothing.get(action)
    return [note] if note else []
