"""The languages of the applications that a list is about."""

from typing import Any

from client_core.database import Database
from client_core.dialects import Dialect, owner_dialect
from client_core.resource_errors import DialectUnknown


class OwnerLanguages:
    """The language of each application of a list, looked up once."""

    def __init__(self, database: Database, stated: Dialect | None) -> None:
        self._database = database
        self._stated = stated
        self._known: dict[str | None, Dialect | None] = {}
        #: Why nothing tells one of them.
        self.unknown: DialectUnknown | None = None

    def of(self, owner: Any) -> Any:
        """The language of an application; None where nothing tells it, or that is no name."""
        if not isinstance(owner, str | None):
            return None
        if owner not in self._known:
            try:
                self._known[owner] = owner_dialect(self._database, owner, self._stated)
            except DialectUnknown as error:
                self.unknown, self._known[owner] = error, None
        return self._known[owner]
