"""DBOSClient, assembled from one class a resource."""

from types import TracebackType
from typing import Self

from client_core.bulk import Bulk
from client_core.changes import Watching
from client_core.comparison import Comparison
from client_core.control import Control
from client_core.database import Database
from client_core.debounce import Debounce
from client_core.dialects import Dialect
from client_core.enqueue_check import EnqueueCheck
from client_core.error_groups import FailureGroups
from client_core.errors import InvalidOption
from client_core.exchange import Exchanges
from client_core.families import Families
from client_core.held_debounces import HeldDebounces
from client_core.insights import Insights
from client_core.known_values import KnownValues
from client_core.obstacles import Obstacles
from client_core.overview import Overviews
from client_core.payload_texts import PayloadTexts
from client_core.polling import Waiting
from client_core.pool import Pool, open_pool
from client_core.queue_activity import QueueActivities
from client_core.queue_details import QueueViews
from client_core.queue_history import QueueHistories
from client_core.queues import Queues
from client_core.schedule_activity import ScheduleActivities
from client_core.schedule_apply import ScheduleApply
from client_core.schedule_runs import ScheduleRuns
from client_core.schema import Capabilities
from client_core.serialization import Serialization, Serializer
from client_core.sql_texts import SQLTexts
from client_core.steps import Steps
from client_core.streams import Streams
from client_core.versions import Versions
from client_core.workflows import Workflows


class DBOSClient(
    Workflows,
    Control,
    Bulk,
    Debounce,
    HeldDebounces,
    SQLTexts,
    Streams,
    Queues,
    QueueActivities,
    QueueViews,
    QueueHistories,
    Versions,
    ScheduleApply,
    ScheduleRuns,
    ScheduleActivities,
    Insights,
    KnownValues,
    EnqueueCheck,
    Obstacles,
    FailureGroups,
    Comparison,
    PayloadTexts,
    Steps,
    Overviews,
    Families,
    Exchanges,
    Watching,
):
    """Acts on DBOS applications through their system database, from anywhere. Thread-safe."""

    def __init__(
        self,
        database: Database,
        serialization: Serialization,
        *,
        application_name: str | None,
        dialect: Dialect | None,
        max_payload_bytes: int,
    ) -> None:
        self._db = database
        self._serialization = serialization
        self._application_name = application_name
        self._dialect = dialect
        self._max_payload_bytes = max_payload_bytes
        self._workflows = self
        self._waiting = Waiting(database)

    @classmethod
    def create(
        cls,
        system_database_url: str | None = None,
        *,
        system_database_pool: Pool | None = None,
        serializer: Serializer | None = None,
        system_database_schema_name: str = "dbos",
        application_name: str | None = None,
        dialect: Dialect | None = None,
        pool_size: int = 5,
        connect_timeout_seconds: float = 5.0,
        statement_timeout_ms: int = 30_000,
        max_payload_bytes: int = 16 * 2**20,
        read_only: bool = False,
    ) -> Self:
        """A client for one system database; it connects when it is first used.

        :param system_database_url: where the database is. Or give a pool of your own:
        :param system_database_pool: a psycopg ``ConnectionPool``, used as it is and left open.
        :param serializer: the custom serializer of your application, if it has one.
        :param system_database_schema_name: the schema of the DBOS tables.
        :param application_name: stamped on what the client creates; its lists then show that
            application's rows and the unclaimed ones. Without it they show all.
        :param dialect: the language of the applications, which spells schedules and debounce keys
            in a way of its own; without it the database is asked.
        :param connect_timeout_seconds: how long a call waits for a connection.
        :param statement_timeout_ms: how long PostgreSQL works on one read or change.
        :param max_payload_bytes: a larger payload stays in the database and is described.
        :param read_only: PostgreSQL refuses what the client is asked to write, which raises
            :class:`DatabaseRefused`.

        Raises :class:`InvalidOption` unless exactly one of URL and pool is given.
        """
        if (system_database_url is None) == (system_database_pool is None):
            raise InvalidOption({"system_database_url": "give either this or a pool, not both"})
        pool = system_database_pool or open_pool(
            system_database_url or "",
            max_size=pool_size,
            timeout_seconds=connect_timeout_seconds,
            read_only=read_only,
        )
        database = Database(
            pool,
            schema_name=system_database_schema_name,
            statement_timeout_ms=statement_timeout_ms,
            owns_pool=system_database_pool is None,
            read_only=read_only,
        )
        return cls(
            database,
            Serialization(custom=serializer),
            application_name=application_name,
            dialect=dialect,
            max_payload_bytes=max_payload_bytes,
        )

    def reading(self) -> Self:
        """The same client on the same connections, for who may only look.

        PostgreSQL refuses what it is asked to write. It need not be destroyed.
        """
        return type(self)(
            self._db.reading(),
            self._serialization,
            application_name=self._application_name,
            dialect=self._dialect,
            max_payload_bytes=self._max_payload_bytes,
        )

    @property
    def capabilities(self) -> Capabilities:
        """What the system database offers; an older one lacks some of what there is today."""
        return self._db.capabilities

    def destroy(self) -> None:
        """Close the client's connections; a pool of your own stays open.

        Whoever still waits for something gets :class:`DatabaseUnavailable`.
        """
        self._waiting.close()
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.destroy()
