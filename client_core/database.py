"""The one door to the system database: pool, transactions, time-outs, and psycopg's errors as ours.

Every read is one round trip: ``BEGIN READ ONLY``, its statement time-out, the query and ``COMMIT``
travel as one pipeline, so the limits hold on any connection, also behind a pooler that shares it.

Fixed statements are prepared where the connection lets them: planning one takes PostgreSQL longer
than running it.
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, TypeAlias, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.pq import TransactionStatus
from psycopg.rows import RowFactory, dict_row, tuple_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import PoolClosed, PoolTimeout

from client_core import schema
from client_core.errors import (
    DatabaseRefused,
    DatabaseUnavailable,
    InvalidOption,
    OutcomeUnknown,
    QueryTimeout,
)
from client_core.pool import Connection, Pool
from client_core.schema import Capabilities

Row: TypeAlias = dict[str, Any]
Params: TypeAlias = Mapping[str, Any]
Execute: TypeAlias = Callable[[LiteralString, Params], list[Row]]
T = TypeVar("T")

#: How often a statement is sent again after its connection broke, where repeating is harmless.
ATTEMPTS = 3
#: How long an older schema is taken to be unchanged.
CAPABILITIES_SECONDS = 60.0
#: So many texts of statements are kept; filters can be combined in more ways than that.
MOST_STATEMENTS = 1_000


class ConstraintViolated(Exception):
    """A constraint refused a row; ``detail`` names the key. Stays inside client_core."""

    def __init__(self, constraint: str | None, detail: str | None) -> None:
        self.constraint = constraint
        self.detail = detail or ""
        super().__init__(constraint)


class UniqueViolated(ConstraintViolated):
    """A unique index has the key already."""


class ForeignKeyViolated(ConstraintViolated):
    """A row referred to another that does not exist."""


class _ConnectionBroken(Exception):
    """The connection was lost while a statement was under way."""


class _Undefined(Exception):
    """PostgreSQL knows no such schema, table or column."""


#: What says that nothing was written, which holds for the statement that raises it alone.
_NOTHING_WRITTEN = (DatabaseUnavailable, QueryTimeout, DatabaseRefused)


@contextmanager
def after_a_write() -> Iterator[None]:
    """For the rest of a call that may have written already: its failure is not "nothing"."""
    try:
        yield
    except _NOTHING_WRITTEN as error:
        raise OutcomeUnknown(f"Part of it may have been written before this: {error}") from error


def until_found(write: Callable[[], T | None]) -> T:
    """What ``write`` finds, which is called again while it finds nothing.

    It misses what is committed while it runs: by somebody else, or by the same write, sent before
    on a connection that broke.
    """
    found = write()
    with after_a_write():
        while not found:
            found = write()
    return found


class Database:
    """Runs statements against one schema of one system database; safe to share among threads."""

    def __init__(
        self,
        pool: Pool,
        *,
        schema_name: str = "dbos",
        statement_timeout_ms: int = 5_000,
        owns_pool: bool = False,
        read_only: bool = False,
    ) -> None:
        self.schema_name = schema_name
        self.statement_timeout_ms = statement_timeout_ms
        self._pool = pool
        self._owns_pool = owns_pool
        self._read_only = read_only
        #: Copies share what it finds out about the database.
        self._origin = self
        self._statements: dict[str, bytes] = {}
        #: What was asked of the database once.
        self.remembered: dict[str, Any] = {}
        self._settings: tuple[bytes, ...] = ()
        self._capabilities: Capabilities | None = None
        self._found_at = 0.0

    def close(self) -> None:
        """Close the pool, if it is our own."""
        if self._owns_pool:
            self._pool.close()

    def hurried(self, timeout_ms: int) -> "Database":
        """The same database with a shorter statement time-out, for what may be left out."""
        hurried = copy.copy(self)
        hurried.statement_timeout_ms = min(timeout_ms, self.statement_timeout_ms)
        return hurried

    def reading(self) -> "Database":
        """The same database, where PostgreSQL refuses every write. It leaves the pool open."""
        reading = copy.copy(self)
        reading._read_only, reading._owns_pool = True, False
        return reading

    @property
    def walking(self) -> "Database":
        """The same database for a walk along an index that leaves most of the table out.

        PostgreSQL's usual costs are of disks, on which rows that lie side by side are so cheap that
        it rather reads many times as many of those. Here only what is looked at counts.
        """
        walking = copy.copy(self)
        walking._settings = (b"SET LOCAL random_page_cost = 0", b"SET LOCAL seq_page_cost = 0")
        return walking

    def read(
        self, statement: LiteralString, params: Params | None = None, *, keeps_plan: bool = True
    ) -> list[Row]:
        """The rows of one SELECT, run in a read-only transaction under the statement time-out.

        ``keeps_plan`` says that one plan is right for all values, so that it may be kept. A
        connection that breaks meanwhile is replaced and the read repeated.
        """
        return self._read(self._text(statement), params, dict_row, keeps_plan=keeps_plan)

    def read_tuples(
        self, statement: LiteralString, params: Params | None = None, *, keeps_plan: bool
    ) -> list[tuple[Any, ...]]:
        """Like :meth:`read`, with columns by position, which is quicker for many wide rows."""
        return self._read(self._text(statement), params, tuple_row, keeps_plan=keeps_plan)

    def _read(
        self,
        text: bytes,
        params: Params | None,
        row_factory: RowFactory[T],
        *,
        keeps_plan: bool,
    ) -> list[T]:
        def run(conn: Connection) -> list[T]:
            begin = b"BEGIN READ ONLY"
            try:
                return self._transaction(conn, begin, text, params, row_factory, keeps_plan)
            except pg.FeatureNotSupported:
                # Perhaps a migration changed a type below a kept plan. The rollback drops it.
                conn.rollback()
                return self._transaction(conn, begin, text, params, row_factory, keeps_plan=False)

        return self._attempt(run, repeatable=True, writes=False)

    def write(
        self, statement: LiteralString, params: Params, *, repeatable: bool = False
    ) -> list[Row]:
        """The rows that one writing statement returns, in a transaction under the time-out.

        ``repeatable`` says that running it twice does no harm, so it may be sent again when the
        connection broke before its answer; otherwise that raises :class:`OutcomeUnknown`.
        """
        text = self._text(statement)
        return self._attempt(
            lambda conn: self._transaction(conn, self._begin, text, params, dict_row),
            repeatable=repeatable,
            writes=True,
        )

    def insert(self, statement: LiteralString, params: Params, *, repeatable: bool = True) -> bool:
        """Whether one INSERT, sent as a bare statement, added a row: the fastest way to do so.

        Unless told otherwise it is repeated when the connection broke before its answer; then it
        must name its key and its creator. Without a time-out of its own: an insert waits only for
        a concurrent insert of the same key.
        """
        if self._read_only:
            return bool(self.write(statement, params))
        text = self._text(statement)
        return self._attempt(
            lambda conn: conn.execute(text, params).rowcount > 0,
            repeatable=repeatable,
            writes=True,
        )

    def transaction(self, work: Callable[[Execute], T], *, repeatable: bool = False) -> T:
        """What ``work`` returns, whose statements are committed together or not at all.

        ``work`` runs statements with the function it is given, each under the time-out; what it
        raises undoes them. ``repeatable`` is as for :meth:`write`: then ``work`` may run again.
        """

        self.capabilities  # noqa: B018  # found beforehand, as it takes a connection

        def run(conn: Connection) -> T:
            cursor = conn.cursor(row_factory=dict_row)

            def execute(statement: LiteralString, params: Params) -> list[Row]:
                cursor.execute(self._text(statement), params, prepare=False)
                return cursor.fetchall() if cursor.description else []

            with conn.transaction():
                if self._read_only:
                    conn.execute(b"SET TRANSACTION READ ONLY")
                conn.execute(b"SET LOCAL statement_timeout = %d" % self.statement_timeout_ms)
                return work(execute)

        return self._attempt(run, repeatable=repeatable, writes=True)

    @property
    def _begin(self) -> bytes:
        """How a write begins. Said each time, as behind a pooler a connection keeps no settings."""
        return b"BEGIN READ ONLY" if self._read_only else b"BEGIN READ WRITE"

    def _attempt(self, run: Callable[[Connection], T], *, repeatable: bool, writes: bool) -> T:
        broken: _ConnectionBroken | None = None
        for _ in range(ATTEMPTS if repeatable else 1):
            try:
                with self._connection() as conn:
                    return run(conn)
            except _ConnectionBroken as error:
                broken = error
            except _Undefined as error:
                raise schema.explained(self.schema_name, str(error), self.capabilities) from error
            except _NOTHING_WRITTEN:
                # A write that was sent before may still have happened, so this is not "nothing".
                if not (writes and broken):
                    raise
                break
        if writes:
            raise OutcomeUnknown(f"The connection broke before the answer came: {broken}")
        raise DatabaseUnavailable(f"The connection to the system database broke: {broken}")

    def _transaction(
        self,
        conn: Connection,
        begin: bytes,
        text: bytes,
        params: Params | None,
        row_factory: RowFactory[T],
        keeps_plan: bool = False,
    ) -> list[T]:
        cursor = conn.cursor(row_factory=row_factory)
        with conn.pipeline():
            conn.execute(begin)
            conn.execute(b"SET LOCAL statement_timeout = %d" % self.statement_timeout_ms)
            for setting in self._settings:
                conn.execute(setting)
            # A kept plan of a filtered list once took 236 ms instead of 0.3 ms.
            cursor.execute(text, params, prepare=None if keeps_plan else False)
            conn.execute(b"COMMIT")
        return cursor.fetchall()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection in autocommit mode; psycopg's errors leave as ours."""
        try:
            conn = self._pool.getconn()
        except (PoolTimeout, PoolClosed, psycopg.OperationalError) as error:
            raise DatabaseUnavailable(f"The system database does not answer: {error}") from error
        try:
            autocommit = conn.autocommit
            if not autocommit:
                conn.set_autocommit(True)
            try:
                yield conn
            finally:
                if not conn.closed:
                    if conn.pgconn.transaction_status != TransactionStatus.IDLE:
                        conn.rollback()
                    if not autocommit:
                        conn.set_autocommit(False)
        except (psycopg.Error, UnicodeEncodeError) as error:
            raise self._translated(error, broken=conn.closed) from error
        finally:
            self._pool.putconn(conn)

    def _translated(self, error: Exception, *, broken: bool) -> Exception:
        if broken:
            return _ConnectionBroken(str(error))
        match error:
            case pg.QueryCanceled():
                return QueryTimeout(self.statement_timeout_ms)
            case pg.UniqueViolation():
                return UniqueViolated(error.diag.constraint_name, error.diag.message_detail)
            case pg.ForeignKeyViolation():
                return ForeignKeyViolated(error.diag.constraint_name, error.diag.message_detail)
            case pg.UndefinedTable() | pg.UndefinedColumn() | pg.InvalidSchemaName():
                return _Undefined(error.diag.message_primary or str(error))
            case psycopg.DataError() | UnicodeEncodeError():
                return InvalidOption({"value": f"PostgreSQL cannot store it: {error}"})
        return DatabaseRefused(f"The system database refused: {error}")

    def plain(self, statement: LiteralString, params: Params) -> str:
        """The statement as somebody may run it elsewhere, its values written into it."""
        text = self._text(statement)
        with self._connection() as conn:
            return psycopg.ClientCursor(conn).mogrify(text, params).strip()

    @property
    def capabilities(self) -> Capabilities:
        """What the system database offers, found at the first use."""
        if self._origin is not self:
            return self._origin.capabilities
        known = self._capabilities
        if known is None or self._is_stale(known):
            known = self._find_capabilities()
            self._capabilities, self._found_at = known, time.monotonic()
            self._statements = {}
        return known

    def assert_supported(self, table: str, **given: object) -> None:
        """See :meth:`Capabilities.assert_supported`."""
        self.capabilities.assert_supported(table, **given)

    def _is_stale(self, known: Capabilities) -> bool:
        # What is complete stays so. The rest may be migrated by an application at any time.
        age = time.monotonic() - self._found_at
        return bool(known.missing) and (age > CAPABILITIES_SECONDS or not known.has_tables)

    def _find_capabilities(self) -> Capabilities:
        named = {"schema_name": self.schema_name}
        columns = self._read(SQL(schema.COLUMNS).as_bytes(), named, tuple_row, keeps_plan=False)
        migration = None
        if ("dbos_migrations", "version") in columns:
            statement = SQL(schema.MIGRATION).format(schema=Identifier(self.schema_name))
            # Without the privilege to read it the columns still tell everything else.
            with suppress(DatabaseRefused):
                [(migration,)] = self._read(statement.as_bytes(), {}, tuple_row, keeps_plan=False)
        return schema.capabilities(columns, migration)

    def _text(self, statement: LiteralString) -> bytes:
        """The statement with ``{schema}`` filled in, fitted to what the database offers."""
        offered = self.capabilities
        texts = self._origin._statements
        if statement not in texts:
            schema_name = Identifier(self.schema_name)
            text = SQL(statement).format(schema=schema_name).as_string()
            if len(texts) >= MOST_STATEMENTS:
                self._origin._statements = texts = {}
            texts[statement] = schema.fitted(text, schema_name.as_string(), offered).encode()
        return texts[statement]
