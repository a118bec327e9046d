"""The configured system databases, and this process's clients for each."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from client_core import DBOSClient, DBOSClientError, Dialect, WorkflowStatus
from console.system_file import Described, read

#: Payloads above this stay in the database: a page has a budget.
MAX_PAYLOAD_BYTES = 256 * 2**10


class Access(Enum):
    """What the work for a request asks of a system database."""

    #: On the primary.
    WRITE = "write"
    #: On the primary, where PostgreSQL refuses every write.
    READ = "read"
    #: The same, on the replica if there is one: the person has written nothing lately.
    READ_ANYWHERE = "read anywhere"


@dataclass(frozen=True, slots=True)
class System:
    """A system database under the name that URLs and audit entries use."""

    name: str
    url: str = field(repr=False)
    schema_name: str
    #: Where reads go, if elsewhere.
    read_url: str = field(default="", repr=False)
    is_read_only: bool = False
    statement_timeout_ms: int = 5_000
    #: The language of its applications, for calls that need one; None lets the database show it.
    dialect: Dialect | None = None
    title: str = field(default="", compare=False)
    #: Such as production; empty says nothing about it.
    environment: str = field(default="", compare=False)
    colour: str = field(default="grey", compare=False)
    masked_keys: tuple[str, ...] = field(default=(), compare=False)
    #: Where logs and traces of a run are found: a title and a template of an address.
    links: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def is_production(self) -> bool:
        """Whether live work depends on it; where nobody says so, its name may."""
        return (self.environment or self.name).startswith("prod")

    @property
    def client(self) -> DBOSClient:
        """This process's client for the system, as the work at hand may use it."""
        served = _served.get()
        return _client(self)[served.access if served else Access.WRITE]

    def lag_seconds(self) -> float | None:
        """How far the replica is behind; None where reads have none, or while it does not say."""
        try:
            return self.watching.get_replica_lag_seconds()
        except DBOSClientError:
            return None

    @property
    def watching(self) -> DBOSClient:
        """The client for who looks whether pages that are open show what is there."""
        return _client(self)[Access.READ_ANYWHERE]

    def links_of(self, run: WorkflowStatus) -> list[tuple[str, str]]:
        """The titles and addresses of what else tells of a run."""
        values = {
            "workflow_id": run.workflow_id,
            "name": run.name,
            "application_name": run.application_name,
            "application_version": run.app_version,
            "executor_id": run.executor_id,
            "queue_name": run.queue_name,
            "created_at_ms": run.created_at,
        }
        spelled = {
            name: quote("" if value is None else str(value), safe="", errors="replace")
            for name, value in values.items()
        }
        return [(title, template.format_map(spelled)) for title, template in self.links]


class Served(NamedTuple):
    """The system that a request is about."""

    system: System
    access: Access


_served: ContextVar[Served | None] = ContextVar("served", default=None)


@contextmanager
def serving(system: System, access: Access) -> Iterator[None]:
    """Within the block, the work is for a request about this system."""
    token = _served.set(Served(system, access))
    try:
        yield
    finally:
        _served.reset(token)


def served_system() -> System | None:
    """The system that the request at hand is about."""
    served = _served.get()
    return served and served.system


def all_systems() -> dict[str, System]:
    """The systems by name, in the order they are shown."""
    if settings.CONSOLE_SYSTEMS:
        return _configured(settings.CONSOLE_SYSTEMS)
    system = System(
        settings.CONSOLE_SYSTEM_NAME,
        settings.DBOS_SYSTEM_DATABASE_URL,
        settings.DBOS_SYSTEM_DATABASE_SCHEMA,
        statement_timeout_ms=settings.CONSOLE_STATEMENT_TIMEOUT_MS,
        title=settings.CONSOLE_SYSTEM_NAME,
        masked_keys=tuple(settings.CONSOLE_MASKED_KEYS),
    )
    return {system.name: system}


@cache
def _configured(text: str) -> dict[str, System]:
    found, problems = read(text)
    if problems:
        raise ImproperlyConfigured(" ".join(problems))
    return {name: _system(name, one) for name, one in found.items()}


def _system(name: str, one: Described) -> System:
    """A system of the file, with the settings where it says nothing."""
    return System(
        name,
        one["database_url"],
        one.get("schema", "dbos"),
        read_url=one.get("read_database_url", ""),
        is_read_only=one.get("read_only", False),
        statement_timeout_ms=one.get("statement_timeout_ms", settings.CONSOLE_STATEMENT_TIMEOUT_MS),
        dialect=one.get("dialect"),
        title=one.get("title", name),
        environment=one.get("environment", ""),
        colour=one.get("colour", "red" if one.get("environment") == "production" else "grey"),
        masked_keys=tuple(one.get("masked_keys", settings.CONSOLE_MASKED_KEYS)),
        links=tuple(one.get("links", {}).items()),
    )


@cache
def _client(system: System) -> dict[Access, DBOSClient]:
    primary = _open(system, system.url, read_only=system.is_read_only)
    reading = primary.reading()
    anywhere = _open(system, system.read_url, read_only=True) if system.read_url else reading
    return {Access.WRITE: primary, Access.READ: reading, Access.READ_ANYWHERE: anywhere}


def _open(system: System, url: str, *, read_only: bool) -> DBOSClient:
    return DBOSClient.create(
        url,
        system_database_schema_name=system.schema_name,
        dialect=system.dialect,
        pool_size=8,
        connect_timeout_seconds=3,
        statement_timeout_ms=system.statement_timeout_ms,
        max_payload_bytes=MAX_PAYLOAD_BYTES,
        read_only=read_only,
    )
