"""System databases as the official SDK makes them, cloned from one template."""

import subprocess
import sys
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from tests.postgres import server_url

TEMPLATE = "dbos_template"
#: Any number: the workers of a run agree on it, so that one of them makes the template.
_LOCK = 6_021

_MIGRATE = """
import sys
from dbos import DBOS
DBOS(config={"name": "template", "system_database_url": sys.argv[1], "log_level": "ERROR"})
DBOS.launch()
DBOS.destroy()
"""

#: What is recorded of runs.
RUN_TABLES = (
    "workflow_status",
    "workflow_input",
    "workflow_output",
    "operation_outputs",
    "notifications",
    "workflow_events",
    "workflow_events_history",
    "streams",
)
#: What applications register.
OTHER_TABLES = ("workflow_schedules", "queues", "application_versions")


def create_system_database(name: str) -> str:
    """A new system database with the newest schema and no rows; its URL."""
    with psycopg.connect(server_url("postgres"), autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        _ensure_template(conn)
        drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        conn.execute(drop.format(Identifier(name)))
        clone = SQL("CREATE DATABASE {} TEMPLATE {}")
        conn.execute(clone.format(Identifier(name), Identifier(TEMPLATE)))
    return server_url(name)


def migrate(url: str) -> None:
    """Make a system database with the newest schema and no rows at this address."""
    subprocess.run([sys.executable, "-c", _MIGRATE, url], check=True)
    with psycopg.connect(url) as made:
        delete_rows(made)


def create_database(name: str) -> str:
    """A new empty database; its URL."""
    with psycopg.connect(server_url("postgres"), autocommit=True) as conn:
        conn.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        conn.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return server_url(name)


def delete_rows(conn: psycopg.Connection[Any]) -> None:
    """Empty the tables; DELETE is far quicker than TRUNCATE on small ones."""
    delete, tables = SQL("DELETE FROM dbos.{}"), (*RUN_TABLES, *OTHER_TABLES)
    # In one round trip, after each of thousands of tests.
    conn.execute(SQL("; ").join(delete.format(Identifier(table)) for table in tables))


def _ensure_template(conn: psycopg.Connection[Any]) -> None:
    found = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
    if found:
        return
    unfinished = f"{TEMPLATE}_unfinished"
    migrate(server_url(unfinished))
    rename = SQL("ALTER DATABASE {} RENAME TO {}")
    conn.execute(rename.format(Identifier(unfinished), Identifier(TEMPLATE)))
