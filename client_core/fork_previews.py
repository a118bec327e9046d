"""What a fork would take over and what would run again, told before anybody forks."""

from dataclasses import dataclass
from typing import LiteralString

from client_core.database import Database

#: Steps on either side are counted up to here, and so many names are told.
MOST_STEPS = 10_000
MOST_NAMES = 20

# Nearest to the start first, on both sides. Those copied are cut from the start backwards.
_PREVIEW: LiteralString = """
WITH sided AS (
    SELECT TRUE AS is_copied, * FROM (
        SELECT function_id, function_name, child_workflow_id, error
        FROM {schema}.operation_outputs
        WHERE workflow_uuid = %(workflow_id)s AND function_id < %(start_step)s
        ORDER BY function_id DESC LIMIT %(most_steps)s
    ) before
    UNION ALL
    SELECT FALSE, * FROM (
        SELECT function_id, function_name, child_workflow_id, error
        FROM {schema}.operation_outputs
        WHERE workflow_uuid = %(workflow_id)s AND function_id >= %(start_step)s
        ORDER BY function_id LIMIT %(most_steps)s
    ) behind
), named AS (
    SELECT is_copied, function_name AS name, count(*) AS count, min(function_id) AS first_id,
        max(function_id) AS last_id, count(error) AS failed
    FROM sided GROUP BY is_copied, function_name
), children AS (
    -- A child is started once, and perhaps waited for by another step.
    SELECT child_workflow_id, bool_or(is_copied) AS is_copied FROM sided
    WHERE child_workflow_id IS NOT NULL GROUP BY child_workflow_id
), told AS (
    SELECT *, sum(count) OVER side AS all_count, count(*) OVER side AS all_names,
        (SELECT count(*) FROM children c WHERE c.is_copied = named.is_copied) AS all_children,
        row_number() OVER (PARTITION BY is_copied
            ORDER BY CASE WHEN is_copied THEN -last_id ELSE first_id END) AS place
    FROM named WINDOW side AS (PARTITION BY is_copied)
)
SELECT * FROM told WHERE place <= %(most_names)s ORDER BY is_copied DESC, place"""

# The last step that failed is where people want to begin, and else the first that is recorded.
_START: LiteralString = """
SELECT COALESCE(
    (SELECT max(function_id) FROM (
        SELECT function_id, error FROM {schema}.operation_outputs
        WHERE workflow_uuid = %(workflow_id)s ORDER BY function_id DESC LIMIT %(most_steps)s
    ) last_steps WHERE error IS NOT NULL),
    (SELECT min(function_id) FROM {schema}.operation_outputs
     WHERE workflow_uuid = %(workflow_id)s),
    1) AS start_step"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSteps:
    """The steps of one name on one side of a fork's start."""

    name: str
    count: int
    first_id: int
    last_id: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkSide:
    """The steps before a fork's start, or those from it on; counted up to :data:`MOST_STEPS`."""

    count: int
    #: How many runs they started.
    children: int
    #: How many names they have; up to :data:`MOST_NAMES` of them are in ``names``.
    names_count: int
    #: Those nearest to the start, in the order of their first steps.
    names: list[NamedSteps]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkPreview:
    """What :meth:`DBOSClient.fork_workflow` would do with the recorded steps."""

    start_step: int
    copied: ForkSide
    rerun: ForkSide


class ForkPreviews:
    """The part of the client that tells what a fork would do."""

    _db: Database

    def get_fork_preview(self, workflow_id: str, start_step: int) -> ForkPreview:
        """Which recorded steps a fork from ``start_step`` copies, and which it runs again."""
        rows = self._db.read(
            _PREVIEW,
            {
                "workflow_id": workflow_id,
                "start_step": start_step,
                "most_steps": MOST_STEPS,
                "most_names": MOST_NAMES,
            },
        )
        sides = []
        for is_copied in (True, False):
            side = [row for row in rows if row["is_copied"] == is_copied]
            fields = NamedSteps.__dataclass_fields__
            names = [NamedSteps(**{field: row[field] for field in fields}) for row in side]
            names.sort(key=lambda steps: steps.first_id)
            first = side[0] if side else {"all_count": 0, "all_children": 0, "all_names": 0}
            sides.append(
                ForkSide(
                    count=int(first["all_count"]),
                    children=int(first["all_children"]),
                    names_count=int(first["all_names"]),
                    names=names,
                )
            )
        return ForkPreview(start_step=start_step, copied=sides[0], rerun=sides[1])

    def suggest_fork_start(self, workflow_id: str) -> int:
        """The step to begin with: the last that failed, else the first that is recorded."""
        params = {"workflow_id": workflow_id, "most_steps": MOST_STEPS}
        return int(self._db.read(_START, params)[0]["start_step"])
