"""What debounces hold back: which workflow under which key, and until when."""

from dataclasses import dataclass
from typing import Final, LiteralString

from client_core.database import Database
from client_core.dialects import Dialect
from client_core.queue_activity import MOST_DELAYED

#: So many are told, those that are due soonest.
MOST_TOLD: Final = 200

# No index has the debounced ones alone, so they are found among all delayed runs that are due next.
_HELD: LiteralString = """
WITH soonest AS MATERIALIZED (
    SELECT workflow_uuid AS workflow_id, name, class_name, queue_name, application_name,
        deduplication_id, delay_until_epoch_ms AS until_ms, is_debounced, created_at,
        debounce_deadline_epoch_ms AS deadline_ms
    FROM {schema}.workflow_status WHERE status = 'DELAYED'
    ORDER BY delay_until_epoch_ms LIMIT %(most_delayed)s
)
SELECT looked.is_cut, held.*
FROM (SELECT count(*) >= %(most_delayed)s AS is_cut FROM soonest) looked
LEFT JOIN LATERAL (
    SELECT workflow_id, name, class_name, queue_name, application_name, deduplication_id, until_ms,
        deadline_ms, created_at
    FROM soonest
    WHERE is_debounced AND (%(queue_name)s::text IS NULL OR queue_name = %(queue_name)s)
    ORDER BY until_ms, workflow_id LIMIT %(limit)s
) held ON TRUE
ORDER BY until_ms, workflow_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDebounce:
    """A run that a debounce holds back."""

    workflow_id: str
    name: str
    class_name: str | None
    queue_name: str | None
    application_name: str | None
    #: The key as the application's language spells it; see :attr:`key`.
    deduplication_id: str | None
    #: When it starts, unless another call with its key puts it off.
    until_ms: int | None
    #: When it starts at the latest; None if every call puts it off.
    deadline_ms: int | None
    created_at: int

    @property
    def dialect(self) -> Dialect | None:
        """The language that spelled the key; None where that cannot be told."""
        spelled = self.deduplication_id or ""
        if spelled.startswith(f"{self.class_name or ''}.{self.name}-"):
            return "typescript"
        return "python" if spelled.startswith(f"{self.name}-") else None

    @property
    def key(self) -> str:
        """The key as it was given to the debouncer, as far as that can be told."""
        spelled = self.deduplication_id or ""
        match self.dialect:
            case "typescript":
                return spelled.removeprefix(f"{self.class_name or ''}.{self.name}-")
            case "python":
                return spelled.removeprefix(f"{self.name}-")
        return spelled


class HeldDebounces:
    """The part of the client that tells what debounces hold back."""

    _db: Database

    def list_held_debounces(
        self, queue_name: str | None = None, *, limit: int = MOST_TOLD
    ) -> tuple[list[HeldDebounce], bool]:
        """What debounces hold back, on a queue or on all, due soonest first.

        Only the 5,000 delayed runs that are due soonest are looked at; the second value says
        whether there may be more than these.
        """
        params = {"queue_name": queue_name, "limit": limit, "most_delayed": MOST_DELAYED}
        rows = self._db.read(_HELD, params)
        is_cut = True in {row.pop("is_cut") for row in rows}
        held = [HeldDebounce(**row) for row in rows if row["workflow_id"]]
        return held, is_cut or len(held) == limit
