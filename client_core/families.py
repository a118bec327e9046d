"""What is below a run: the runs that it started, those that these started, and so on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from client_core.database import Database

# Nothing is sorted and UNION keeps each run once, so the search ends where the limit is reached.
# The limit within keeps the planner from reading the whole table for each generation.
_BELOW: LiteralString = """
WITH RECURSIVE below (workflow_id, parent_id, status) AS (
    SELECT workflow_uuid, parent_workflow_id, status FROM {schema}.workflow_status
    WHERE parent_workflow_id = ANY(%(workflow_ids)s)
    UNION
    SELECT child.* FROM below CROSS JOIN LATERAL (
        SELECT w.workflow_uuid, w.parent_workflow_id, w.status FROM {schema}.workflow_status w
        WHERE w.parent_workflow_id = below.workflow_id LIMIT %(limit)s
    ) child
)
SELECT workflow_id, parent_id, status FROM below LIMIT %(limit)s"""


@dataclass(frozen=True, slots=True)
class Descendant:
    """A run that another had started."""

    workflow_id: str
    parent_id: str
    status: str


class Families:
    """The part of the client that knows which run started which."""

    _db: Database

    def list_descendants(self, workflow_ids: Sequence[str], *, limit: int) -> list[Descendant]:
        """The runs below these, at any depth, up to a limit.

        One of these that is below another is among them.
        """
        self._db.assert_supported("workflow_status", parent_workflow_id=True)
        params = {"workflow_ids": list(workflow_ids), "limit": limit}
        return [Descendant(**row) for row in self._db.read(_BELOW, params, keeps_plan=False)]
