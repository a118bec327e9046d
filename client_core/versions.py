"""Application versions: which one runs what names none."""

from typing import LiteralString

from client_core.database import Database
from client_core.ownership import assert_owner
from client_core.records import VersionInfo
from client_core.resource_errors import NonExistentVersion

_LIST: LiteralString = """
SELECT version_id, version_name, version_timestamp, created_at, application_name
FROM {schema}.application_versions
WHERE %(application_name)s::text IS NULL OR application_name IS NULL
   OR application_name = %(application_name)s
ORDER BY version_timestamp DESC, version_id
LIMIT %(limit)s"""

# Above every other that its owner can see, even where their clock is ahead of the database's.
# The owner is claimed, as the SDKs do: an unclaimed version would be the latest of everybody.
_SET_LATEST: LiteralString = """
WITH found AS (
    SELECT version_id, application_name AS owner FROM {schema}.application_versions
    WHERE version_name = %(version_name)s FOR UPDATE
), newest AS (
    SELECT max(version_timestamp) AS newest_ms FROM {schema}.application_versions v
    WHERE version_name <> %(version_name)s AND EXISTS (
        SELECT FROM found
        WHERE v.application_name IS NULL
           OR COALESCE(owner, %(application_name)s, v.application_name) = v.application_name)
), changed AS (
    UPDATE {schema}.application_versions v
    SET version_timestamp = GREATEST((extract(epoch FROM now()) * 1000)::bigint, newest_ms + 1),
        application_name = COALESCE(v.application_name, %(application_name)s)
    FROM found, newest
    WHERE v.version_id = found.version_id
      AND (owner IS NULL OR COALESCE(%(application_name)s, owner) = owner)
    RETURNING v.version_id
)
SELECT owner FROM found LEFT JOIN changed USING (version_id)
ORDER BY changed.version_id IS NULL LIMIT 1"""

_ALL = 2**31 - 1


class Versions:
    """The part of the client that reads and sets application versions."""

    _db: Database
    _application_name: str | None

    def list_application_versions(self) -> list[VersionInfo]:
        """The versions of the client's application and the unclaimed ones, the latest first.

        Those of all applications, if the client has none.
        """
        return self._versions(self._application_name, limit=_ALL)

    def get_latest_application_version(
        self, *, application_name: str | None = None
    ) -> VersionInfo | None:
        """The version that runs what names none; None if no version was registered.

        Of ``application_name``, by default the client's own application.
        """
        found = self._versions(application_name or self._application_name, limit=1)
        return found[0] if found else None

    def set_latest_application_version(
        self, name: str, *, application_name: str | None = None
    ) -> None:
        """Make a registered version the latest, as on a roll-back.

        Raises :class:`NonExistentVersion`, and :class:`OwnedByAnotherApplication` if it is not
        one of ``application_name``, by default the client's own application. Safe to repeat.
        """
        owner = application_name or self._application_name
        params = {"version_name": name, "application_name": owner}
        rows = self._db.write(_SET_LATEST, params, repeatable=True)
        if not rows:
            raise NonExistentVersion(name)
        assert_owner("application version", name, rows[0]["owner"], owner)

    def _versions(self, application_name: str | None, *, limit: int) -> list[VersionInfo]:
        params = {"application_name": application_name, "limit": limit}
        return [VersionInfo(**row) for row in self._db.read(_LIST, params)]
