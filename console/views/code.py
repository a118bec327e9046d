"""An action as code: to look at, to copy, and to run elsewhere."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from client_core import DBOSClientError, EnqueueOptions, InvalidOption, WorkflowStatus
from client_core.models import FINISHED
from console.code_texts import Call, curl, python, typescript
from console.http import Request, wants_partial
from console.likeness import holds_dots, masked, original_of
from console.masking import DOTS
from console.permissions import Action, requires
from console.systems import System
from console.views.common import run_or_404

#: What can be shown, in the words of the page.
ACTIONS = {"enqueue": "Start again", "cancel": "Cancel", "resume": "Resume", "fork": "Fork"}


@require_safe
@requires(Action.WORKFLOW_READ)
def detail(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """What can be done to a run, as code."""
    run = run_or_404(system, workflow_id)
    action = request.GET.get("action", "enqueue")
    call, notes = _call(system, run, action if action in ACTIONS else "enqueue")
    path = "workflow-enqueue" if call.action == "enqueue" else f"workflow-{call.action}"
    place = [system] if call.action == "enqueue" else [system, workflow_id]
    context = {
        "run": run,
        "actions": ACTIONS,
        "action": call.action,
        "notes": notes,
        "codes": codes(request, system, call, reverse(path, args=place)),
    }
    template = "workflows/code.html"
    return render(request, f"{template}#form" if wants_partial(request) else template, context)


def codes(request: Request, system: System, call: Call, path: str) -> list[dict[str, Any]]:
    """The call in every language."""
    console = request.build_absolute_uri("/")
    schema = system.schema_name
    written = call.options.serialization if call.options else None
    portable = "It writes the arguments as portable JSON, as it has no other format that fits."
    return [
        {
            "language": "Python",
            "id": "python",
            "text": python(call, schema),
            "note": portable if written == "js_superjson" else "",
        },
        {
            "language": "TypeScript",
            "id": "typescript",
            "text": typescript(call, schema),
            "note": portable if written == "py_pickle" else "",
        },
        {"language": "SQL", "id": "sql", **_sql(system, call)},
        {
            "language": "curl",
            "id": "curl",
            "text": curl(call, console, path),
            "note": "Through this console, with its roles and its audit log; give your name and "
            "password in CONSOLE_USER and CONSOLE_PASSWORD.",
        },
    ]


def _call(system: System, run: WorkflowStatus, action: str) -> tuple[Call, list[str]]:
    """The call, and what a reader must know about it."""
    if action == "fork":
        start = system.client.suggest_fork_start(run.workflow_id)
        return Call("fork", run.workflow_id, start), []
    if action != "enqueue":
        notes = [] if run.is_active else ["It is over: this would change nothing."]
        if action == "resume" and run.status not in FINISHED:
            notes = []
        return Call(action, run.workflow_id), notes
    original = original_of(run)
    args, kwargs = masked(original.args), masked(original.kwargs)
    attributes = masked(original.attributes)
    notes = [original.note] if original.note else []
    if holds_dots([args, kwargs, attributes]):
        notes.append(f"{DOTS} stands for what the console hides: put it in yourself.")
    queue = run.queue_name or ""
    if not queue:
        notes.append("It is on no queue any more: put in the name of one for YOUR-QUEUE.")
    try:
        options = EnqueueOptions(
            workflow_name=run.name or "?",
            queue_name=queue or "YOUR-QUEUE",
            workflow_class_name=run.class_name or None,
            workflow_config_name=run.config_name or None,
            app_version=run.app_version or None,
            application_name=run.application_name or None,
            priority=run.priority or None,
            workflow_timeout_ms=run.workflow_timeout_ms or None,
            queue_partition_key=run.queue_partition_key or None,
            attributes=attributes or None,
            serialization=_format(run),
        )
    except InvalidOption as error:
        notes.append(f"Some of its options are left out: {error}.")
        options = EnqueueOptions(
            workflow_name=run.name or "?",
            queue_name=queue or "YOUR-QUEUE",
            serialization="portable_json",
        )
    return Call("enqueue", options=options, args=args, kwargs=kwargs), notes


def _format(run: WorkflowStatus) -> str:
    known = ("py_pickle", "js_superjson")
    return run.serialization if run.serialization in known else "portable_json"


def _sql(system: System, call: Call) -> dict[str, str]:
    client = system.client
    try:
        match call.action:
            case "enqueue":
                assert call.options
                return {"text": client.enqueue_sql(call.options, *call.args, **call.kwargs)}
            case "fork":
                return {
                    "text": client.fork_sql(call.workflow_id, call.start_step),
                    "note": "It makes the run with the ID that stands in it, once.",
                }
            case "resume":
                text = client.resume_sql(call.workflow_id, queue_name=call.queue_name)
                return {"text": text}
        return {"text": client.cancel_sql(call.workflow_id)}
    except DBOSClientError as error:
        return {"text": "", "note": f"There is no SQL for it here: {error}"}
