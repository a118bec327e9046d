"""The configured system databases, and one client for each, per process."""

from dataclasses import dataclass
from functools import cache

from django.conf import settings

from client_core import DBOSClient

#: Payloads above this stay in the database: a page has a budget.
MAX_PAYLOAD_BYTES = 256 * 2**10


@dataclass(frozen=True, slots=True)
class System:
    """A system database under the name that URLs and audit entries use."""

    name: str
    url: str
    schema_name: str

    @property
    def client(self) -> DBOSClient:
        """This process's client for the system."""
        return _client(self)


def all_systems() -> dict[str, System]:
    """The systems by name, in the order they are shown."""
    system = System(
        settings.CONSOLE_SYSTEM_NAME,
        settings.DBOS_SYSTEM_DATABASE_URL,
        settings.DBOS_SYSTEM_DATABASE_SCHEMA,
    )
    return {system.name: system}


@cache
def _client(system: System) -> DBOSClient:
    return DBOSClient.create(
        system.url,
        system_database_schema_name=system.schema_name,
        pool_size=8,
        connect_timeout_seconds=3,
        statement_timeout_ms=settings.CONSOLE_STATEMENT_TIMEOUT_MS,
        max_payload_bytes=MAX_PAYLOAD_BYTES,
    )
