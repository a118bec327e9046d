"""What changed since the last look, for any number of watchers at the cost of one small statement.

A look tells *that* something changed, not what. It reads marks: short values that differ when what
they stand for does. While no transaction wrote anywhere on the server, not even these are read.
"""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, LiteralString, NamedTuple

from client_core.database import Database
from client_core.errors import InvalidOption
from client_core.polling import Waiting

#: So often everything is looked at whatever the server says: a standby does not tell of all.
WHOLE_LOOK_EVERY = 10


class SubjectKind(Enum):
    """What can be watched."""

    #: One run: its state, steps, events, streams, messages, children and forks.
    RUN = "run"
    #: Which runs there are: one is created, starts or ends, or one of the newest is changed.
    RUNS = "runs"
    #: A run fails.
    FAILURES = "failures"


class Subject(NamedTuple):
    """One thing to watch; only a run has an ID."""

    kind: SubjectKind
    workflow_id: str = ""


# Limits are spelled out, and the IDs hidden in a SELECT: else PostgreSQL believes that it plans
# better for each look anew, which takes it ten times as long as to look.
#
# The row version (xmin) is the mark of a row that may change. Steps are never changed, and of
# streams the last offsets are enough. Keys of streams are leapt through, as in exchange.py.
_PARTS: dict[SubjectKind, LiteralString] = {
    SubjectKind.RUN: """(
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %(run_ids)s::text[])) WITH ORDINALITY AS asked (workflow_id, place)
    WHERE txid_current_snapshot()::text <> %(snapshot)s)
SELECT 'run' AS kind, asked.place, concat_ws(
    '/',
    (SELECT concat(r.xmin, r.status, r.updated_at) FROM {schema}.workflow_status r
        WHERE r.workflow_uuid = asked.workflow_id),
    (SELECT string_agg(mark, ',') FROM (
        SELECT function_id::text AS mark FROM {schema}.operation_outputs
        WHERE workflow_uuid = asked.workflow_id ORDER BY function_id DESC LIMIT 16) steps),
    (SELECT string_agg(mark, ',') FROM (
        SELECT e.xmin::text AS mark FROM {schema}.workflow_events e
        WHERE workflow_uuid = asked.workflow_id ORDER BY key LIMIT 50) events),
    (SELECT string_agg(mark, ',') FROM (
        SELECT n.xmin::text AS mark FROM {schema}.notifications n
        WHERE destination_uuid = asked.workflow_id LIMIT 100) messages),
    (SELECT string_agg(mark, ',') FROM (
        SELECT c.xmin::text AS mark FROM {schema}.workflow_status c
        WHERE parent_workflow_id = asked.workflow_id LIMIT 100) children),
    (SELECT string_agg(mark, ',') FROM (
        SELECT f.xmin::text AS mark FROM {schema}.workflow_status f
        WHERE forked_from = asked.workflow_id LIMIT 11) forks),
    (SELECT string_agg(mark, ',') FROM (
        WITH RECURSIVE keys AS (
            (SELECT key FROM {schema}.streams WHERE workflow_uuid = asked.workflow_id
            ORDER BY key LIMIT 1)
            UNION ALL
            SELECT (
                SELECT s.key FROM {schema}.streams s
                WHERE s.workflow_uuid = asked.workflow_id AND s.key > keys.key
                ORDER BY s.key LIMIT 1)
            FROM keys WHERE keys.key IS NOT NULL)
        SELECT (
            SELECT s."offset"::text FROM {schema}.streams s
            WHERE s.workflow_uuid = asked.workflow_id AND s.key = keys.key
            ORDER BY s."offset" DESC LIMIT 1) AS mark
        FROM keys WHERE key IS NOT NULL LIMIT 20) streams)) AS mark
FROM asked)""",
    # Indexes answer each part; the older schemas that lack them see the newest runs alone.
    SubjectKind.RUNS: """(
SELECT 'runs' AS kind, 1 AS place, (
    SELECT string_agg(mark, ',') FROM (
        (SELECT r.xmin::text AS mark FROM {schema}.workflow_status r
        ORDER BY created_at DESC LIMIT 50)
        -- since workflow_status.attributes:
        UNION ALL
        (SELECT r.xmin::text FROM {schema}.workflow_status r WHERE started_at_epoch_ms IS NOT NULL
        ORDER BY started_at_epoch_ms DESC LIMIT 5)
        UNION ALL
        (SELECT r.xmin::text FROM {schema}.workflow_status r WHERE completed_at IS NOT NULL
        ORDER BY completed_at DESC LIMIT 5)
        -- end
    ) marks) AS mark
WHERE txid_current_snapshot()::text <> %(snapshot)s)""",
    SubjectKind.FAILURES: """(
SELECT 'failures' AS kind, 1 AS place, (
    SELECT max(moment)::text FROM (
        SELECT 0 AS moment, 'ERROR' AS status WHERE FALSE
        -- since workflow_status.completed_at:
        UNION ALL
        (SELECT completed_at, status FROM {schema}.workflow_status WHERE completed_at IS NOT NULL
        ORDER BY completed_at DESC LIMIT 100)
        -- end
        UNION ALL
        (SELECT updated_at, status FROM {schema}.workflow_status
        ORDER BY created_at DESC LIMIT 50)
    ) newest WHERE status IN ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')) AS mark
WHERE txid_current_snapshot()::text <> %(snapshot)s)""",
}

# The snapshot tells which transactions are over: while it is the same, all that is seen is.
_SNAPSHOT: LiteralString = """
SELECT 'snapshot' AS kind, 0 AS place, txid_current_snapshot()::text AS mark"""


def run_subject(workflow_id: str) -> Subject:
    """A run as something to watch. Raises :class:`InvalidOption` for an impossible ID.

    It would make PostgreSQL refuse the statement, and so the look of everybody else.
    """
    if re.search("[\0\ud800-\udfff]", workflow_id):
        raise InvalidOption({"workflow_id": "must not contain a NUL or a lone surrogate"})
    return Subject(SubjectKind.RUN, workflow_id)


class Changes:
    """Tells at each look what changed since the look before. One thread at a time looks."""

    def __init__(self, database: Database, waiting: Waiting) -> None:
        self._db = database
        self._waiting = waiting
        self._marks: dict[Subject, str | None] = {}
        self._snapshot = ""
        self._looks = 0

    def look(self, subjects: Collection[Subject]) -> frozenset[Subject]:
        """Those of the subjects that changed; the first look at one only takes note of it.

        What is left out is forgotten.
        """
        asked = sorted(set(subjects), key=lambda subject: (subject.kind.value, subject.workflow_id))
        is_known = all(subject in self._marks for subject in asked)
        trusts = is_known and self._looks % WHOLE_LOOK_EVERY
        snapshot, marks = self._read(asked, self._snapshot if trusts else "")
        self._looks += 1
        known = {subject: self._marks[subject] for subject in asked if subject in self._marks}
        changed = frozenset(
            subject
            for subject, mark in marks.items()
            if subject in known and known[subject] != mark
        )
        self._marks, self._snapshot = known | marks, snapshot
        return changed

    @contextmanager
    def overheard(self, hear: Callable[[str | None], None]) -> Iterator[None]:
        """Within the block, ``hear`` is called when an event or stream of a run is notified.

        It is given ``<workflow id>::<key>``, or None when something may have gone unheard, and is
        called by the client's one listening thread. Nothing depends on it: it makes a look worth
        while earlier.
        """
        with self._waiting.overheard(lambda topic: hear(topic and topic[1])):
            yield

    def _read(self, asked: list[Subject], snapshot: str) -> tuple[str, dict[Subject, str | None]]:
        by_kind = {kind: [one for one in asked if one.kind is kind] for kind in SubjectKind}
        parts = [part for kind, part in _PARTS.items() if by_kind[kind]]
        params: dict[str, Any] = {
            "snapshot": snapshot,
            "run_ids": [subject.workflow_id for subject in by_kind[SubjectKind.RUN]],
        }
        marks: dict[Subject, str | None] = {}
        for row in self._db.read("\nUNION ALL".join([_SNAPSHOT, *parts]), params):
            if row["kind"] == "snapshot":
                snapshot = row["mark"]
            else:
                subject = by_kind[SubjectKind(row["kind"])][row["place"] - 1]
                marks[subject] = self._newer(subject, row["mark"])
        return snapshot, marks

    def _newer(self, subject: Subject, mark: str | None) -> str | None:
        """Of failures the newest is the mark: that others push it out of sight says nothing."""
        if subject.kind is not SubjectKind.FAILURES:
            return mark
        return str(max(int(mark or 0), int(self._marks.get(subject) or 0)))


class Watching:
    """The part of the client that tells of changes."""

    _db: Database
    _waiting: Waiting

    def changes(self) -> Changes:
        """What tells of changes, starting now."""
        return Changes(self._db, self._waiting)
