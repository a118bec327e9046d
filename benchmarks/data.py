"""A system database like that of a company which has run DBOS for a month: a million runs, say.

It is made once, by the official SDK's own migrations and a few statements of SQL, and kept. The
benchmarks work on a copy, which they may fill and change.
"""

import hashlib
import importlib.metadata
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

#: The URL of a database of a server, by the database's name.
Server = Callable[[str], str]

_MIGRATE = """
import sys
from dbos import DBOS
DBOS(config={"name": "benchmarks", "system_database_url": sys.argv[1], "log_level": "ERROR"})
DBOS.launch()
DBOS.destroy()
"""

# In the order of time, as they come to be; IDs are scattered, as UUIDs are. The newest hundredth
# is still under way. Of the rest one in thirty failed, and one in a hundred was cancelled.
_RUNS: LiteralString = """
INSERT INTO dbos.workflow_status (
    workflow_uuid, status, name, class_name, config_name, queue_name, executor_id,
    created_at, updated_at, started_at_epoch_ms, completed_at, application_version,
    application_name, recovery_attempts, workflow_timeout_ms, priority, attributes, schedule_name,
    parent_workflow_id, serialization, creator_xid
)
SELECT md5('run ' || n)::uuid, status,
    (ARRAY['place_order', 'send_invoice', 'charge_card', 'resize_image', 'sync_customer',
           'nightly_report', 'import_file', 'notify'])[1 + n %% 8],
    CASE WHEN n %% 8 < 3 THEN 'Shop' END, NULL,
    CASE WHEN is_over AND n %% 10 < 3 THEN NULL
         ELSE (ARRAY['orders', 'mails', 'images', 'reports', 'imports'])[1 + n %% 5] END,
    CASE WHEN status <> 'ENQUEUED' THEN 'executor-' || n %% 20 END,
    at, at + 5000, CASE WHEN status <> 'ENQUEUED' THEN at + 1000 END,
    CASE WHEN is_over THEN at + 5000 END, 'v' || 1 + n * 9 / %(rows)s,
    (ARRAY['shop', 'billing', 'media'])[1 + n %% 3],
    CASE WHEN status = 'ENQUEUED' THEN 0 ELSE 1 END, CASE WHEN n %% 4 = 0 THEN 3600000 END, n %% 3,
    CASE WHEN n %% 10 = 0 THEN jsonb_build_object('customer', n %% 5000) END,
    CASE WHEN n %% 50 = 0 THEN 'nightly' END,
    CASE WHEN n %% 20 = 1 AND n > 1 THEN md5('run ' || n - 1)::uuid END, 'portable_json',
    md5('creator ' || n)::uuid
FROM generate_series(1, %(rows)s) AS n,
    LATERAL (SELECT n < %(rows)s * 0.99 AS is_over,
                    %(now_ms)s - (%(rows)s - n) * (2592000000 / %(rows)s) AS at) AS run,
    LATERAL (SELECT CASE WHEN NOT is_over THEN (ARRAY['ENQUEUED', 'PENDING'])[1 + n %% 2]
                         WHEN n %% 30 = 0 THEN 'ERROR' WHEN n %% 100 = 1 THEN 'CANCELLED'
                         ELSE 'SUCCESS' END AS status) AS outcome"""

_INPUTS: LiteralString = """
INSERT INTO dbos.workflow_input (workflow_uuid, inputs, retention_timestamp)
SELECT workflow_uuid, format(
        '{"positionalArgs":[{"id":"%%s","lines":[{"sku":"A-1","count":2}],"total":49.5}],'
        '"namedArgs":{"express":true}}', workflow_uuid), created_at
FROM dbos.workflow_status"""

_OUTPUTS: LiteralString = """
INSERT INTO dbos.workflow_output (workflow_uuid, output, error, retention_timestamp)
SELECT workflow_uuid,
    CASE status WHEN 'SUCCESS' THEN '{"accepted":true,"reference":"R-1"}' END,
    CASE status WHEN 'ERROR' THEN '{"name":"ValueError","message":"no stock"}' END, completed_at
FROM dbos.workflow_status WHERE status IN ('SUCCESS', 'ERROR')"""

_STEPS: LiteralString = """
INSERT INTO dbos.operation_outputs (
    workflow_uuid, function_id, function_name, output, started_at_epoch_ms, completed_at_epoch_ms,
    serialization, application_name, retention_timestamp
)
SELECT workflow_uuid, step, (ARRAY['check_stock', 'charge', 'ship'])[step], '{"ok":true}',
    created_at + 1000 * step, created_at + 1000 * step + 900, 'portable_json', application_name,
    created_at
FROM dbos.workflow_status, generate_series(1, 3) AS step
WHERE status NOT IN ('ENQUEUED', 'DELAYED')"""

#: A run of 5,000 steps, and one of 500 children.
MANY_STEPS, MANY_CHILDREN = "run-of-many-steps", "run-of-many-children"

_LARGE: LiteralString = """
INSERT INTO dbos.workflow_status (
    workflow_uuid, status, name, parent_workflow_id, created_at, updated_at, started_at_epoch_ms,
    completed_at, serialization, recovery_attempts
)
SELECT id, 'SUCCESS', 'import_file', parent, at, at + 5000000, at, at + 5000000, 'portable_json', 1
FROM (SELECT 'run-of-many-steps' AS id, NULL AS parent, 0 AS n
      UNION ALL SELECT 'run-of-many-children', NULL, 0
      UNION ALL SELECT 'child-of-many-' || n, 'run-of-many-children', n
      FROM generate_series(1, 500) n) AS run,
    LATERAL (SELECT %(now_ms)s - 864000000 + 5000 * n AS at) AS moment"""

_LARGE_STEPS: LiteralString = """
INSERT INTO dbos.operation_outputs (
    workflow_uuid, function_id, function_name, output, child_workflow_id, started_at_epoch_ms,
    completed_at_epoch_ms, serialization
)
SELECT workflow_uuid, n, CASE WHEN workflow_uuid = 'run-of-many-steps' THEN 'step-' || n %% 7
                              ELSE 'import_part' END, '{"ok":true}',
    CASE WHEN workflow_uuid <> 'run-of-many-steps' THEN 'child-of-many-' || n END,
    created_at + 900 * n, created_at + 900 * n + 800, serialization
FROM dbos.workflow_status, generate_series(1, 5000) n
WHERE workflow_uuid = 'run-of-many-steps' OR workflow_uuid = 'run-of-many-children' AND n <= 500"""

# Made anew at the end, which is quicker than adding to each a million times.
_INDEXES: LiteralString = """
SELECT format('DROP INDEX %%I.%%I', schemaname, indexname), indexdef
FROM pg_indexes JOIN pg_class ON oid = format('%%I.%%I', schemaname, indexname)::regclass
WHERE schemaname = %(schema)s AND oid NOT IN (SELECT conindid FROM pg_constraint)"""

_FILL = (_RUNS, _INPUTS, _OUTPUTS, _STEPS, _LARGE, _LARGE_STEPS)


@contextmanager
def copied(server: Server, rows: int) -> Iterator[str]:
    """The URL of a system database with so many runs, which is dropped afterwards."""
    original, copy = _made(server, rows), f"benchmark_{rows}"
    with psycopg.connect(server("postgres"), autocommit=True) as admin:
        drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(copy))
        admin.execute(drop)
        clone = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(copy), Identifier(original))
        if admin.info.server_version >= 150_000:
            clone += SQL(" STRATEGY FILE_COPY")  # Else all of it goes through the log first.
        admin.execute(clone)
        try:
            yield server(copy)
        finally:
            admin.execute(drop)


def _made(server: Server, rows: int) -> str:
    """The name of the original, which is made when this is its first use."""
    recipe = "".join((importlib.metadata.version("dbos"), *_FILL))
    name = f"runs_{rows}_{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"
    with psycopg.connect(server("postgres"), autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        unfinished = f"{name}_unfinished"
        drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        admin.execute(drop.format(Identifier(unfinished)))
        subprocess.run([sys.executable, "-c", _MIGRATE, server(unfinished)], check=True)
        with psycopg.connect(server(unfinished), autocommit=True) as conn:
            _fill(conn, rows)
        rename = SQL("ALTER DATABASE {} RENAME TO {}")
        admin.execute(rename.format(Identifier(unfinished), Identifier(name)))
    return name


def _fill(conn: psycopg.Connection[Any], rows: int) -> None:
    conn.execute("SET synchronous_commit = off")
    conn.execute("SET maintenance_work_mem = '1GB'")
    indexes = conn.execute(_INDEXES, {"schema": "dbos"}).fetchall()
    for drop, _ in indexes:
        conn.execute(drop)
    params = {"rows": rows, "now_ms": int(time.time() * 1000)}
    for statement in _FILL:
        conn.execute(statement, params)
    for _, create in indexes:
        conn.execute(create)
    # Here and now, so that nothing of it goes on beside the measurements.
    conn.execute("VACUUM ANALYZE")
    conn.execute("CHECKPOINT")
