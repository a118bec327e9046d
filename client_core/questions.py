"""What a waiter may wait for, and one statement that looks for all of them at once."""

import re
from collections.abc import Collection
from enum import Enum
from typing import Any, LiteralString, NamedTuple

from client_core.database import Database
from client_core.errors import InvalidOption
from client_core.models import ACTIVE


class Kind(Enum):
    """What is waited for; the value is the channel that may tell of it."""

    #: A run is over. Nobody notifies of that.
    OVER = None
    #: An event is set.
    EVENT = "dbos_workflow_events_channel"
    #: A stream has a value at an offset, or will have none, as its run is over or gone.
    STREAM = "dbos_streams_channel"


#: A channel and what is sent on it: ``<workflow id>::<key>``. Every schema uses the same channels.
Topic = tuple[str, str]


class Question(NamedTuple):
    """One thing to look for."""

    kind: Kind
    workflow_id: str
    key: str = ""
    offset: int = 0

    @property
    def topic(self) -> Topic | None:
        """What is notified when the answer may have come; None if nothing is."""
        channel = self.kind.value
        return None if channel is None else (channel, f"{self.workflow_id}::{self.key}")


# Each names the places of the questions that have their answer; the values are read by who waits.
_PARTS: dict[Kind, LiteralString] = {
    Kind.OVER: """
SELECT 'OVER' AS kind, asked.place
FROM unnest(%(over_ids)s::text[]) WITH ORDINALITY AS asked (workflow_id, place)
JOIN {schema}.workflow_status s ON s.workflow_uuid = asked.workflow_id
WHERE s.status <> ALL (%(active)s)""",
    Kind.EVENT: """
SELECT 'EVENT' AS kind, asked.place
FROM unnest(%(event_ids)s::text[], %(event_keys)s::text[])
    WITH ORDINALITY AS asked (workflow_id, key, place)
JOIN {schema}.workflow_events e ON e.workflow_uuid = asked.workflow_id AND e.key = asked.key""",
    Kind.STREAM: """
SELECT 'STREAM' AS kind, asked.place
FROM unnest(%(stream_ids)s::text[], %(stream_keys)s::text[], %(stream_offsets)s::int[])
    WITH ORDINALITY AS asked (workflow_id, key, "offset", place)
LEFT JOIN {schema}.workflow_status s ON s.workflow_uuid = asked.workflow_id
LEFT JOIN {schema}.streams v ON v.workflow_uuid = asked.workflow_id AND v.key = asked.key
    AND v."offset" = asked."offset"
WHERE s.status IS NULL OR s.status <> ALL (%(active)s) OR v."offset" IS NOT NULL""",
}


def run_over(workflow_id: str) -> Question:
    """The question whether a run is over. Raises :class:`InvalidOption` for an impossible ID.

    It would make PostgreSQL refuse the statement, and so the question of everybody else.
    """
    if re.search("[\0\ud800-\udfff]", workflow_id):
        raise InvalidOption({"workflow_id": "must not contain a NUL or a lone surrogate"})
    return Question(Kind.OVER, workflow_id)


def answered(database: Database, questions: Collection[Question]) -> frozenset[Question]:
    """Those of the questions that have their answer, in one round trip.

    What is not asked for is not in the statement: it costs nothing, and an old schema without
    streams can still tell which runs are over.
    """
    asked = {kind: [question for question in questions if question.kind is kind] for kind in Kind}
    statement = "\nUNION ALL".join(part for kind, part in _PARTS.items() if asked[kind])
    params: dict[str, list[Any]] = {"active": list(ACTIVE)}
    for kind, of_kind in asked.items():
        name = kind.name.lower()
        params[f"{name}_ids"] = [question.workflow_id for question in of_kind]
        params[f"{name}_keys"] = [question.key for question in of_kind]
    params["stream_offsets"] = [question.offset for question in asked[Kind.STREAM]]
    rows = database.read(statement, params)
    return frozenset(asked[Kind[row["kind"]]][row["place"] - 1] for row in rows)
