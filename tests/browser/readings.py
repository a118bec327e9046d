"""What a run is, in one form: as its page shows it, and as the official clients read it."""

import json
from typing import Any

import dbos
from playwright.sync_api import Page

from tests.contract.node import TypeScriptClient

Reading = dict[str, Any]

_SHOWN = """() => {
  const text = (node) => node?.textContent.trim() ?? null;
  const plain = (text) => { try { return JSON.parse(text); } catch { return text; } };
  const label = (item) => plain(text(item.querySelector(".key")).replace(/:$/, ""));
  const tree = (list) => {
    const parts = [...list.children];
    const values = parts.map((part) => {
      const inner = part.querySelector(":scope > details > ul");
      return inner ? tree(inner) : plain(text(part.querySelector("[class^=value-]")));
    });
    if (label(parts[0]) === 0) return values;
    return Object.fromEntries(parts.map((part, number) => [label(part), values[number]]));
  };
  const payload = (place) => {
    const found = place?.querySelector(".payload");
    if (!found) return null;
    const root = found.querySelector(".tree");
    return root ? tree(root) : plain(text(found));
  };
  const pairs = Object.fromEntries([...document.querySelectorAll(".summary > div")].map((pair) =>
    [text(pair.querySelector("dt")), pair.querySelector("dd")]));
  const said = (name) => text(pairs[name]);
  const status = (place) => place.querySelector(".status").title;
  const panel = (name) => document.querySelector(`section[aria-labelledby=${name}]`);
  const rows = [...document.querySelectorAll("table.steps > tbody > tr")];
  const relatives = [...document.querySelectorAll(".family li li")];
  const due = pairs["Delayed until"]?.querySelector("time").dateTime;
  return {
    id: document.querySelector(".what .copyable code").title,
    name: text(document.querySelector(".what h1")),
    status: status(document.querySelector(".what")),
    queue: said("Queue"),
    priority: Number(said("Priority")),
    delayed_until: due ? Date.parse(due) : null,
    application: said("Application"),
    version: said("Version"),
    executor: said("Executor"),
    parent: said("Parent"),
    forked_from: said("Forked from"),
    input: payload(panel("input")),
    output: payload(panel("result")),
    steps: rows.map((row) => ({
      id: plain(row.cells[0].innerText.match(/^[\\d–]+/)[0]),
      name: row.querySelector(".step-name").title,
      output: payload(row),
      child: row.querySelector(".child")?.title ?? null,
    })),
    children: Object.fromEntries(relatives
      .filter((one) => text(one.querySelector(".relation")) === "Child")
      .map((one) => [text(one.querySelector("code")), status(one)])),
  };
}"""


def shown(page: Page) -> Reading:
    """What the page of a run says, at one moment."""
    reading: Reading = page.evaluate(_SHOWN)
    return reading


class Superjson(dbos.Serializer):
    """Lets the official Python client read the plain values of applications of TypeScript."""

    def serialize(self, data: Any) -> str:
        """Nothing is written with it."""
        raise NotImplementedError

    def deserialize(self, serialized_data: str) -> Any:
        """A value that JSON has."""
        return json.loads(serialized_data)["json"]

    def name(self) -> str:
        """As the rows name it."""
        return "js_superjson"


def read_by_python(client: dbos.DBOSClient, workflow_id: str) -> Reading | None:
    """What the official Python client says of a run; None where there is none."""
    for run in client.list_workflows(workflow_ids=[workflow_id]):
        given: Any = run.input
        return {
            "id": run.workflow_id,
            "name": run.name,
            "status": run.status,
            "queue": run.queue_name,
            "priority": run.priority,
            "delayed_until": run.delay_until_epoch_ms,
            "application": run.application_name,
            "version": run.app_version,
            "executor": run.executor_id or None,
            "parent": run.parent_workflow_id,
            "forked_from": run.forked_from,
            "input": _plain(given["args"] if isinstance(given, dict) else given),
            "output": _plain(run.output),
            "steps": [
                _step(
                    step["function_id"],
                    step["function_name"],
                    step["output"],
                    step["child_workflow_id"],
                )
                for step in client.list_workflow_steps(workflow_id) or ()
            ],
            "children": {
                child.workflow_id: child.status
                for child in client.list_workflows(parent_workflow_id=workflow_id)
            },
        }
    return None


def read_by_typescript(client: TypeScriptClient, workflow_id: str) -> Reading | None:
    """What the official TypeScript client says of a run; None where there is none."""
    run = client.getWorkflow(workflow_id)
    if run is None:
        return None
    return {
        "id": run["workflowID"],
        "name": run["workflowName"],
        "status": run["status"],
        "queue": run.get("queueName"),
        "priority": run["priority"],
        "delayed_until": run.get("delayUntilEpochMS"),
        "application": run.get("applicationName"),
        "version": run.get("applicationVersion"),
        "executor": run.get("executorId") or None,
        "parent": run.get("parentWorkflowID"),
        "forked_from": run.get("forkedFrom"),
        "input": run["input"],
        "output": run.get("output"),
        "steps": [
            _step(step["functionID"], step["name"], step["output"], step["childWorkflowID"])
            for step in client.listWorkflowSteps(workflow_id) or ()
        ],
        "children": {
            child["workflowID"]: child["status"]
            for child in client.listWorkflows({"parentWorkflowID": workflow_id})
        },
    }


def _step(number: int, name: str, output: Any, child: str | None) -> Reading:
    """A step; of a sleep the page tells in words until when it was."""
    told = None if name == "DBOS.sleep" else _plain(output)
    return {"id": number, "name": name, "output": told, "child": child}


def _plain(value: Any) -> Any:
    """A value as JSON has it: the page tells no tuple of arguments from a list."""
    return json.loads(json.dumps(value))
