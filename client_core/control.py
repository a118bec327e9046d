"""Control: cancel, resume and delete workflows, and change how those that wait will run."""

from collections.abc import Sequence
from typing import Any, LiteralString

from client_core.database import Database, Params, Row, after_a_write
from client_core.errors import InvalidOption, NonExistentWorkflow
from client_core.models import Transition
from client_core.options import delay_rule, priority_rule

#: The queue on which DBOS runs what was on none.
INTERNAL_QUEUE_NAME = "_dbos_internal_queue"

# One statement says what was there before and changes what may be changed, under one lock.
CANCEL: LiteralString = """
WITH found AS (
    SELECT workflow_uuid, status FROM {schema}.workflow_status
    WHERE workflow_uuid = ANY(%(workflow_ids)s) ORDER BY workflow_uuid FOR UPDATE
), clock AS (
    SELECT (extract(epoch FROM now()) * 1000)::bigint AS now_ms
), changed AS (
    UPDATE {schema}.workflow_status w
    SET
        completed_at = now_ms,  -- since workflow_status.completed_at
        owner_xid = NULL,  -- since workflow_status.owner_xid
        status = 'CANCELLED', queue_name = NULL, deduplication_id = NULL,
        started_at_epoch_ms = NULL, updated_at = now_ms
    FROM found, clock
    WHERE w.workflow_uuid = found.workflow_uuid AND found.status NOT IN ('SUCCESS', 'ERROR')
)
SELECT workflow_uuid AS workflow_id, status AS before FROM found"""

RESUME: LiteralString = """
WITH found AS (
    SELECT workflow_uuid, status FROM {schema}.workflow_status
    WHERE workflow_uuid = ANY(%(workflow_ids)s) ORDER BY workflow_uuid FOR UPDATE
), changed AS (
    UPDATE {schema}.workflow_status w
    SET
        completed_at = NULL,  -- since workflow_status.completed_at
        owner_xid = NULL,  -- since workflow_status.owner_xid
        status = 'ENQUEUED', queue_name = %(queue_name)s, recovery_attempts = 0,
        workflow_deadline_epoch_ms = NULL, deduplication_id = NULL, started_at_epoch_ms = NULL,
        updated_at = (extract(epoch FROM now()) * 1000)::bigint
    FROM found
    WHERE w.workflow_uuid = found.workflow_uuid AND found.status NOT IN ('SUCCESS', 'ERROR')
      -- All or nothing: an unknown ID is an error, and then nothing is resumed.
      AND (SELECT count(*) FROM found)
          = (SELECT count(DISTINCT asked) FROM unnest(%(workflow_ids)s::text[]) asked)
)
SELECT workflow_uuid AS workflow_id, status AS before FROM found"""

CHILDREN: LiteralString = """
SELECT workflow_uuid AS workflow_id FROM {schema}.workflow_status
WHERE parent_workflow_id = ANY(%(workflow_ids)s)"""

# The payload tables have no foreign key, so each is named; the other tables follow the run.
DELETE: LiteralString = """
WITH RECURSIVE family (workflow_uuid) AS (
    SELECT unnest(%(workflow_ids)s::text[])
    UNION
    SELECT w.workflow_uuid FROM {schema}.workflow_status w
    JOIN family ON w.parent_workflow_id = family.workflow_uuid
    WHERE %(delete_children)s
-- since workflow_input:
), inputs AS (
    DELETE FROM {schema}.workflow_input USING family
    WHERE workflow_input.workflow_uuid = family.workflow_uuid
-- end
-- since workflow_output:
), outputs AS (
    DELETE FROM {schema}.workflow_output USING family
    WHERE workflow_output.workflow_uuid = family.workflow_uuid
-- end
), steps AS (
    DELETE FROM {schema}.operation_outputs USING family
    WHERE operation_outputs.workflow_uuid = family.workflow_uuid
)
DELETE FROM {schema}.workflow_status USING family
WHERE workflow_status.workflow_uuid = family.workflow_uuid
RETURNING workflow_status.workflow_uuid AS workflow_id"""

SET_DELAY: LiteralString = """
WITH found AS (
    SELECT workflow_uuid, status FROM {schema}.workflow_status
    WHERE workflow_uuid = %(workflow_id)s FOR UPDATE
), clock AS (
    SELECT (extract(epoch FROM now()) * 1000)::bigint AS now_ms
), changed AS (
    UPDATE {schema}.workflow_status w
    SET delay_until_epoch_ms = COALESCE(%(until_ms)s::bigint, now_ms + %(delay_ms)s::bigint),
        updated_at = now_ms
    FROM found, clock
    WHERE w.workflow_uuid = found.workflow_uuid AND found.status = 'DELAYED'
)
SELECT status AS before FROM found"""

SET_PRIORITY: LiteralString = """
WITH found AS (
    SELECT workflow_uuid, status FROM {schema}.workflow_status
    WHERE workflow_uuid = %(workflow_id)s FOR UPDATE
), changed AS (
    UPDATE {schema}.workflow_status w
    SET priority = %(priority)s, updated_at = (extract(epoch FROM now()) * 1000)::bigint
    FROM found
    WHERE w.workflow_uuid = found.workflow_uuid AND found.status IN ('ENQUEUED', 'DELAYED')
)
SELECT status AS before FROM found"""

_FINISHED = ("SUCCESS", "ERROR")


class Control:
    """The part of the client that changes the course of workflows."""

    _db: Database

    def cancel_workflow(self, workflow_id: str, *, cancel_children: bool = False) -> Transition:
        """Cancel a workflow that is not finished; running code notices it at its next step.

        An unknown ID changes nothing. Raises :class:`OutcomeUnknown` if the connection broke.
        """
        return self.cancel_workflows([workflow_id], cancel_children=cancel_children)[0]

    def cancel_workflows(
        self, workflow_ids: Sequence[str], *, cancel_children: bool = False
    ) -> list[Transition]:
        """Cancel several, in one transaction; one answer for each ID, in the order given.

        With ``cancel_children`` the workflows that these started are cancelled too, level by
        level, so that a parent which is cancelled starts no more while its children are looked
        for; their answers follow. Raises :class:`OutcomeUnknown` if the connection broke, also
        when it was only with some of the levels.
        """
        self._db.assert_supported("workflow_status", parent_workflow_id=cancel_children)
        rows = self._db.write(CANCEL, {"workflow_ids": list(workflow_ids)})
        transitions = _transitions(workflow_ids, rows)
        if cancel_children:
            with after_a_write():
                transitions += self._cancel_children(workflow_ids)
        return transitions

    def _cancel_children(self, parent_ids: Sequence[str]) -> list[Transition]:
        transitions: list[Transition] = []
        seen, level = set(parent_ids), list(parent_ids)
        while level:
            rows = self._db.read(CHILDREN, {"workflow_ids": level})
            level = [row["workflow_id"] for row in rows if row["workflow_id"] not in seen]
            seen.update(level)
            if level:
                rows = self._db.write(CANCEL, {"workflow_ids": level})
                transitions += _transitions(level, rows)
        return transitions

    def resume_workflow(self, workflow_id: str, *, queue_name: str | None = None) -> Transition:
        """Put a workflow that is not finished on a queue again, to go on after its last step.

        Raises :class:`NonExistentWorkflow`, and :class:`OutcomeUnknown` if the connection broke.
        """
        return self.resume_workflows([workflow_id], queue_name=queue_name)[0]

    def resume_workflows(
        self, workflow_ids: Sequence[str], *, queue_name: str | None = None
    ) -> list[Transition]:
        """Resume several, in one transaction, on DBOS's internal queue unless one is named.

        Raises :class:`NonExistentWorkflow` for an unknown ID; then none is resumed.
        """
        rows = self._db.write(
            RESUME,
            {"workflow_ids": list(workflow_ids), "queue_name": queue_name or INTERNAL_QUEUE_NAME},
        )
        transitions = _transitions(workflow_ids, rows)
        for transition in transitions:
            if transition.before is None:
                raise NonExistentWorkflow(transition.workflow_id)
        return transitions

    def delete_workflow(self, workflow_id: str, *, delete_children: bool = False) -> list[str]:
        """Delete a workflow and all that was recorded of it; see :meth:`delete_workflows`."""
        return self.delete_workflows([workflow_id], delete_children=delete_children)

    def delete_workflows(
        self, workflow_ids: Sequence[str], *, delete_children: bool = False
    ) -> list[str]:
        """Delete workflows for good, running ones too; returns the IDs that were there.

        With ``delete_children`` every workflow that these started goes as well, at any depth.
        Raises :class:`OutcomeUnknown` if the connection broke.
        """
        self._db.assert_supported("workflow_status", parent_workflow_id=delete_children)
        params = {"workflow_ids": list(workflow_ids), "delete_children": delete_children}
        return [row["workflow_id"] for row in self._db.write(DELETE, params)]

    def set_workflow_delay(
        self,
        workflow_id: str,
        *,
        delay_seconds: float | None = None,
        delay_until_epoch_ms: int | None = None,
    ) -> Transition:
        """Move the time before which a DELAYED workflow is not dequeued; others stay as they are.

        Give either seconds from now, by the database's clock, or a moment. Raises
        :class:`InvalidOption`.
        """
        params = delay_row(workflow_id, delay_seconds, delay_until_epoch_ms)
        return self._set(SET_DELAY, params, changeable=("DELAYED",))

    def set_workflow_priority(self, workflow_id: str, priority: int) -> Transition:
        """Change the priority of a workflow that waits on its queue; others stay as they are.

        Raises :class:`InvalidOption`.
        """
        params = priority_row(workflow_id, priority)
        return self._set(SET_PRIORITY, params, changeable=("ENQUEUED", "DELAYED"))

    def _set(
        self, statement: LiteralString, params: Params, *, changeable: tuple[str, ...]
    ) -> Transition:
        # Setting the same value again does no harm.
        rows = self._db.write(statement, params, repeatable=True)
        before = rows[0]["before"] if rows else None
        return Transition(params["workflow_id"], before, changed=before in changeable)


def delay_row(
    workflow_id: str, delay_seconds: float | None, delay_until_epoch_ms: int | None
) -> dict[str, Any]:
    """The parameters of a change of delay. Raises :class:`InvalidOption`."""
    if (delay_seconds is None) == (delay_until_epoch_ms is None):
        raise InvalidOption({"delay_seconds": "give either this or delay_until_epoch_ms"})
    if delay_seconds is not None and (rule := delay_rule(delay_seconds)):
        raise InvalidOption({"delay_seconds": rule})
    if delay_until_epoch_ms is not None and not 0 <= delay_until_epoch_ms < 2**63:
        raise InvalidOption({"delay_until_epoch_ms": "must be from 0 to 2^63 - 1"})
    return {
        "workflow_id": workflow_id,
        "delay_ms": None if delay_seconds is None else round(delay_seconds * 1000),
        "until_ms": delay_until_epoch_ms,
    }


def priority_row(workflow_id: str, priority: int) -> dict[str, Any]:
    """The parameters of a change of priority. Raises :class:`InvalidOption`."""
    if rule := priority_rule(priority):
        raise InvalidOption({"priority": rule})
    return {"workflow_id": workflow_id, "priority": priority}


def _transitions(workflow_ids: Sequence[str], rows: list[Row]) -> list[Transition]:
    before = {row["workflow_id"]: row["before"] for row in rows}
    return [
        Transition(
            workflow_id,
            before.get(workflow_id),
            changed=workflow_id in before and before[workflow_id] not in _FINISHED,
        )
        for workflow_id in workflow_ids
    ]
