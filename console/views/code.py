"""An action as code: to look at, to copy, and to run elsewhere."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from client_core import DBOSClientError, EnqueueOptions, InvalidOption, WorkflowStatus
from console.code.calls import METHODS, Call
from console.code.forms import call_of, form_of, notes_of, usual
from console.code.texts import curl, python, typescript
from console.http import Request
from console.masking import DOTS
from console.permissions import Action, requires
from console.systems import System
from console.views.common import known_names, render_form, run_or_404, versions_of
from console.workflows.likeness import holds_dots, masked, original_of

#: What can be shown, in the words of the page.
ACTIONS = {
    "enqueue": "Start again",
    "send": "Send",
    "cancel": "Cancel",
    "resume": "Resume",
    "fork": "Fork",
    "delay": "Delay",
    "priority": "Priority",
    "delete": "Delete",
}


@require_http_methods(["GET", "POST"])
@requires(Action.WORKFLOW_READ)
def detail(request: Request, system: System, workflow_id: str) -> HttpResponse:
    """What can be done to a run, as code. Posted are options alone: nothing is done."""
    run = run_or_404(system, workflow_id)
    action = request.GET.get("action", "enqueue")
    context: dict[str, Any] = {"run": run, "actions": ACTIONS, "action": action}
    if action not in METHODS:
        call, notes = _start(run)
        path = reverse("workflow-enqueue", args=[system])
        context |= {"action": "enqueue", "notes": notes}
        context["codes"] = codes(request, system, call, path)
        return render_form(request, "workflows/code.html", None, context)
    if request.method == "POST":
        form = form_of(action, request.POST)
    else:
        form = form_of(action, usual(action, run, _start_step(system, run, action)))
    context |= {"notes": notes_of(action, run)}
    if form.is_valid():
        call = call_of(action, workflow_id, form, is_active=run.is_active)
        try:
            context["codes"] = codes(request, system, call, address(system, call))
        except InvalidOption as error:
            form.refused(error)
    if "queue_name" in form.fields:
        context |= known_names(system)
    if action == "fork":
        context["versions"] = versions_of(system, run)
    return render_form(request, "workflows/code.html", form, context)


def _start_step(system: System, run: WorkflowStatus, action: str) -> int:
    return system.client.suggest_fork_start(run.workflow_id) if action == "fork" else 0


def address(system: System, call: Call) -> str:
    """Where the console's own form for it goes."""
    if call.action == "send":
        return reverse("message-send", args=[system])
    return reverse(f"workflow-{call.action}", args=[system, call.workflow_id])


def codes(request: Request, system: System, call: Call, path: str) -> list[dict[str, Any]]:
    """The call in every language."""
    console = request.build_absolute_uri("/")
    schema = system.schema_name
    portable = "It writes portable JSON, as it has no other format that fits."
    python_text = python(call, schema)
    lacks = "" if python_text else "The Python client has no method for it."
    return [
        {
            "language": "Python",
            "id": "python",
            "text": python_text,
            "note": portable if call.serialization == "js_superjson" else lacks,
        },
        {
            "language": "TypeScript",
            "id": "typescript",
            "text": typescript(call, schema),
            "note": portable if call.serialization == "py_pickle" else "",
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


def _start(run: WorkflowStatus) -> tuple[Call, list[str]]:
    """The start of a run like this one, and what a reader must know about it."""
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
    """The text, or why there is none. Raises :class:`InvalidOption` for what somebody chose."""
    client = system.client
    texts: dict[str, Callable[..., str]] = {
        "send": client.send_sql,
        "cancel": client.cancel_sql,
        "resume": client.resume_sql,
        "fork": client.fork_sql,
        "delay": client.delay_sql,
        "priority": client.priority_sql,
        "delete": client.delete_sql,
    }
    try:
        if call.options:
            return {"text": client.enqueue_sql(call.options, *call.args, **call.kwargs)}
        text = texts[call.action](call.workflow_id, **call.given)
    except DBOSClientError as error:
        if isinstance(error, InvalidOption) and not call.options:
            raise
        return {"text": "", "note": f"There is no SQL for it here: {error}"}
    return {"text": text, "note": _sql_note(call)}


def _sql_note(call: Call) -> str:
    if call.action == "fork":
        return "It makes the run with the ID that stands in it, once."
    if call.given.get("cancel_children"):
        return (
            "It cancels the run, then lists those that it started: cancel these in the same way, "
            "level by level, until it lists none."
        )
    return ""
