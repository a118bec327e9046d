"""Forks: run a workflow again from one of its steps, as a new workflow."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from client_core.control import INTERNAL_QUEUE_NAME
from client_core.database import Database, after_a_write
from client_core.errors import ConflictingWorkflow, InvalidOption, NonExistentWorkflow
from client_core.fork_previews import ForkPreviews
from client_core.options import text_rule, timeout_rule, workflow_id_rule

# One statement, so a fork is there whole or not at all. Everything hangs on the row that `forked`
# inserts: where the ID is taken nothing is copied, and the statement tells whose it is.
# Steps count from 1 in Python, where forking at step 1 copies nothing, and from 0 in TypeScript.
FORK: LiteralString = """
WITH original AS (
    SELECT s.*, COALESCE(i.inputs, s.inputs) AS arguments
    FROM {schema}.workflow_status s LEFT JOIN {schema}.workflow_input i USING (workflow_uuid)
    WHERE s.workflow_uuid = %(workflow_id)s
), forked AS (
    INSERT INTO {schema}.workflow_status (
        serialization,  -- since workflow_status.serialization
        attributes,  -- since workflow_status.attributes
        application_name,  -- since workflow_status.application_name
        -- before workflow_input: inputs,
        workflow_uuid, status, name, class_name, config_name, application_version,
        application_id, authenticated_user, authenticated_roles, assumed_role,
        queue_name, queue_partition_key, forked_from, workflow_timeout_ms
    )
    SELECT
        serialization,  -- since workflow_status.serialization
        attributes,  -- since workflow_status.attributes
        COALESCE(application_name, %(application_name)s),  -- since workflow_status.application_name
        -- before workflow_input: arguments,
        %(new_workflow_id)s, 'ENQUEUED', name, class_name, config_name, %(application_version)s,
        application_id, authenticated_user, authenticated_roles, assumed_role,
        %(queue_name)s, %(queue_partition_key)s, workflow_uuid, %(workflow_timeout_ms)s
    FROM original
    ON CONFLICT (workflow_uuid) DO NOTHING
    RETURNING
        application_name AS owner,  -- since workflow_status.application_name
        workflow_uuid AS fork_id, forked_from AS original_id
), copied AS (
    SELECT forked.*, %(start_step)s::bigint AS start_step FROM forked
    WHERE %(start_step)s::bigint > 1 OR EXISTS (
        SELECT 1 FROM {schema}.operation_outputs
        WHERE workflow_uuid = original_id AND function_id = 0)
-- since workflow_input:
), arguments AS (
    INSERT INTO {schema}.workflow_input (workflow_uuid, inputs)
    SELECT fork_id, original.arguments FROM forked, original
-- end
-- since workflow_status.was_forked_from:
), marked AS (
    UPDATE {schema}.workflow_status
    SET was_forked_from = TRUE FROM forked
    WHERE workflow_uuid = original_id
-- end
), steps AS (
    INSERT INTO {schema}.operation_outputs (
        serialization,  -- since operation_outputs.serialization
        application_name,  -- since operation_outputs.application_name
        workflow_uuid, function_id, function_name, output, error, child_workflow_id,
        started_at_epoch_ms, completed_at_epoch_ms
    )
    SELECT
        serialization,  -- since operation_outputs.serialization
        owner,  -- since operation_outputs.application_name
        fork_id, function_id, function_name, output, error,
        COALESCE(%(replacement_children)s::jsonb ->> child_workflow_id, child_workflow_id),
        started_at_epoch_ms, completed_at_epoch_ms
    FROM copied JOIN {schema}.operation_outputs o
        ON o.workflow_uuid = original_id AND function_id < start_step
), history AS (
    INSERT INTO {schema}.workflow_events_history (
        serialization,  -- since workflow_events_history.serialization
        workflow_uuid, function_id, key, value)
    SELECT
        serialization,  -- since workflow_events_history.serialization
        fork_id, function_id, key, value
    FROM copied JOIN {schema}.workflow_events_history h
        ON h.workflow_uuid = original_id AND function_id < start_step
), events AS (
    INSERT INTO {schema}.workflow_events (
        serialization,  -- since workflow_events.serialization
        workflow_uuid, key, value)
    SELECT DISTINCT ON (key)
        serialization,  -- since workflow_events.serialization
        fork_id, key, value
    FROM copied JOIN {schema}.workflow_events_history h
        ON h.workflow_uuid = original_id AND function_id < start_step
    ORDER BY key, function_id DESC
), stream_values AS (
    INSERT INTO {schema}.streams (
        serialization,  -- since streams.serialization
        workflow_uuid, function_id, key, value, "offset")
    SELECT
        serialization,  -- since streams.serialization
        fork_id, function_id, key, value, "offset"
    FROM copied JOIN {schema}.streams v
        ON v.workflow_uuid = original_id AND function_id < start_step
)
SELECT original_id AS forked_from FROM forked
UNION ALL
SELECT w.forked_from FROM {schema}.workflow_status w, original
WHERE w.workflow_uuid = %(new_workflow_id)s"""

_FAILED_STEPS: LiteralString = """
SELECT workflow_uuid AS workflow_id, max(function_id) AS function_id
FROM {schema}.operation_outputs
WHERE workflow_uuid = ANY(%(workflow_ids)s) AND error IS NOT NULL
GROUP BY workflow_uuid"""


class Forks(ForkPreviews):
    """The part of the client that runs workflows again from a step."""

    _db: Database
    _application_name: str | None

    def fork_workflow(
        self,
        workflow_id: str,
        start_step: int,
        *,
        new_workflow_id: str | None = None,
        application_version: str | None = None,
        queue_name: str | None = None,
        queue_partition_key: str | None = None,
        workflow_timeout_ms: int | None = None,
        replacement_children: Mapping[str, str] | None = None,
    ) -> str:
        """Start a new execution from ``start_step``; returns the new workflow's ID.

        What was recorded of earlier steps is copied, and not executed again. The fork goes on
        DBOS's internal queue unless one is named, and to the latest version unless one is named.
        ``replacement_children`` maps IDs of children that copied steps started to those of other
        runs, which the fork then waits for instead.
        With a ``new_workflow_id`` it can be repeated: a fork of the same workflow that has this
        ID is returned as it is. Raises :class:`NonExistentWorkflow`, :class:`ConflictingWorkflow`
        when another workflow has the ID, and :class:`InvalidOption`.
        """
        params = self._fork_row(
            workflow_id=workflow_id,
            start_step=start_step,
            new_workflow_id=new_workflow_id,
            application_version=application_version,
            queue_name=queue_name,
            queue_partition_key=queue_partition_key,
            workflow_timeout_ms=workflow_timeout_ms,
            replacement_children=replacement_children,
        )
        new_id: str = params["new_workflow_id"]
        rows = self._db.write(FORK, params, repeatable=True)
        if not rows:
            # Either there is no original, or the ID was taken while the statement ran, out of its
            # sight; the second time it is seen.
            with after_a_write():
                rows = self._db.write(FORK, params, repeatable=True)
        if not rows:
            raise NonExistentWorkflow(workflow_id)
        if rows[0]["forked_from"] != workflow_id:
            raise ConflictingWorkflow(new_id, "forked_from", rows[0]["forked_from"], workflow_id)
        return new_id

    def last_failed_steps(self, workflow_ids: Sequence[str]) -> dict[str, int]:
        """By workflow, the last step that failed: a ``start_step`` to fork from.

        Workflows of which no failed step is recorded are left out.
        """
        rows = self._db.read(_FAILED_STEPS, {"workflow_ids": list(workflow_ids)})
        return {row["workflow_id"]: row["function_id"] for row in rows}

    def _fork_row(self, **given: Any) -> dict[str, Any]:
        _assert_valid(given)
        self._db.assert_supported("workflow_status", application_name=self._application_name)
        return {
            **given,
            "new_workflow_id": given["new_workflow_id"] or str(uuid.uuid4()),
            "queue_name": given["queue_name"] or INTERNAL_QUEUE_NAME,
            "application_name": self._application_name,
            "replacement_children": Jsonb(dict(given["replacement_children"] or {})),
        }


def _assert_valid(params: dict[str, object]) -> None:
    rules = {
        "new_workflow_id": workflow_id_rule,
        "application_version": text_rule,
        "queue_name": text_rule,
        "queue_partition_key": text_rule,
        "workflow_timeout_ms": timeout_rule,
        "replacement_children": _children_rule,
    }
    problems = {
        field: broken
        for field, rule in rules.items()
        if params[field] is not None and (broken := rule(params[field]))
    }
    start_step = params["start_step"]
    if not isinstance(start_step, int) or not 0 <= start_step < 2**31:
        problems["start_step"] = "must be a whole number from 0 on"
    if problems:
        raise InvalidOption(problems)


def _children_rule(value: object) -> str | None:
    if isinstance(value, Mapping):
        return next(filter(None, map(workflow_id_rule, (*value, *value.values()))), None)
    return "must map IDs of workflows to others"
