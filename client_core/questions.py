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
# LATERAL with LIMIT looks each question up in the index whatever the statistics say, and a
# materialised WITH keeps parallel workers out, which take longer to start than the look takes.
_PARTS: dict[Kind, LiteralString] = {
    Kind.OVER: """(
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(over_ids)s::text[]) WITH ORDINALITY AS asked (workflow_id, place))
SELECT 'OVER' AS kind, asked.place FROM asked
JOIN LATERAL (
    SELECT status FROM {schema}.workflow_status WHERE workflow_uuid = asked.workflow_id LIMIT 1
) run ON run.status <> ALL (%(active)s))""",
    Kind.EVENT: """(
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(event_ids)s::text[], %(event_keys)s::text[])
        WITH ORDINALITY AS asked (workflow_id, event_key, place))
SELECT 'EVENT' AS kind, asked.place FROM asked
JOIN LATERAL (
    SELECT FROM {schema}.workflow_events
    WHERE workflow_uuid = asked.workflow_id AND key = asked.event_key LIMIT 1
) event ON TRUE)""",
    Kind.STREAM: """(
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(stream_ids)s::text[], %(stream_keys)s::text[], %(stream_offsets)s::int[])
        WITH ORDINALITY AS asked (workflow_id, stream_key, next_offset, place))
SELECT 'STREAM' AS kind, asked.place FROM asked
LEFT JOIN LATERAL (
    SELECT status FROM {schema}.workflow_status WHERE workflow_uuid = asked.workflow_id LIMIT 1
) run ON TRUE
LEFT JOIN LATERAL (
    SELECT "offset" FROM {schema}.streams
    WHERE workflow_uuid = asked.workflow_id AND key = asked.stream_key
        AND "offset" = asked.next_offset LIMIT 1
) value ON TRUE
WHERE run.status IS NULL OR run.status <> ALL (%(active)s) OR value."offset" IS NOT NULL)""",
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
