"""The audit log in databases of their own: migrated from before, and used by two roles."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from tests.databases import create_database
from tests.postgres import server_url

ROOT = Path(__file__).resolve().parent.parent.parent
Manage = Any
#: As the release before writes: entries with all that it knows.
_OLD = """
INSERT INTO console_auditentry
(at, completed_at, username, system, action, target, parameters, outcome, detail, form_id)
VALUES (%(at)s, %(at)s, 'ann', 'main', 'workflow.cancel', %(target)s, '{"b": 1, "a": 2}',
    %(outcome)s, '', %(form_id)s)"""
FORM = "00000000-0000-4000-8000-00000000000"


def manage(url: str, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a management command on a database."""
    environment = {
        **os.environ,
        "CONSOLE_DATABASE_URL": url,
        "DBOS_SYSTEM_DATABASE_URL": url,
        "CONSOLE_SECRET_KEY": "x" * 60,
        "DJANGO_SETTINGS_MODULE": "console.settings",
        **more,
    }
    return subprocess.run(
        [sys.executable, "-m", "console", *args],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def old(conn: psycopg.Connection[Any], target: str, outcome: str, form: int | None = None) -> None:
    values = {"at": "2024-05-06 07:08:09.000010+02", "target": target, "outcome": outcome}
    conn.execute(_OLD, {**values, "form_id": None if form is None else f"{FORM}{form}"})


def test_what_was_written_before_is_brought_into_the_chain(worker_id: str) -> None:
    """And the release before goes on meanwhile, but for what it must not do."""
    url = create_database(f"audit_before_{worker_id}")
    assert manage(url, "migrate", "console", "0006_results_kept").returncode == 0
    with psycopg.connect(url, autocommit=True) as conn:
        for number, outcome in enumerate(("done", "started", "failed", "refused", "unknown")):
            old(conn, f"run-{number} ü", outcome, number)
        done = manage(url, "migrate")
        assert done.returncode == 0, done.stderr
        old(conn, "later", "started", 7)
        with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
            conn.execute("UPDATE console_auditentry SET outcome = 'done' WHERE target = 'later'")
        with pytest.raises(errors.UniqueViolation):  # This release has acted for the form.
            conn.execute(f"INSERT INTO console_auditform (form_id) VALUES ('{FORM}7')")
        conn.execute(f"INSERT INTO console_auditform (form_id) VALUES ('{FORM}8')")
        with pytest.raises(errors.UniqueViolation):
            old(conn, "twice", "started", 8)
        forms = conn.execute("SELECT right(form_id::text, 1) FROM console_auditform").fetchall()
        assert sorted(form for (form,) in forms) == ["0", "1", "4", "7", "8"]
    verified = manage(url, "audit", "verify")
    assert verified.stdout.startswith("The audit log is whole. Its end: 6:"), verified.stderr
    exported = manage(url, "audit", "export", "--outcome", "failed")
    assert '"target": "run-2 ü"' in exported.stdout
    assert '"at": "2024-05-06T05:08:09.000010+00:00"' in exported.stdout
    assert manage(url, "audit", "verify").stdout.startswith("The audit log is whole. Its end: 7:")
    assert manage(url, "migrate", "console", "0006_results_kept").returncode == 0


@pytest.fixture
def roles(worker_id: str) -> Iterator[tuple[str, str]]:
    """The addresses of a database for the role that owns its tables, and for the console's."""
    names = [f"audit_owner_{worker_id}", f"audit_console_{worker_id}"]
    database = create_database(f"audit_roles_{worker_id}")
    with psycopg.connect(database, autocommit=True) as conn:
        for name in names:
            conn.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(Identifier(name)))
        conn.execute(SQL("ALTER SCHEMA public OWNER TO {}").format(Identifier(names[0])))
    owner, console = (make_conninfo(database, user=name, password="secret") for name in names)
    yield _url(owner), _url(console)
    with psycopg.connect(server_url("postgres"), autocommit=True) as conn:
        named = Identifier(str(conninfo_to_dict(database)["dbname"]))
        conn.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(named))
        for name in names:
            conn.execute(SQL("DROP ROLE {}").format(Identifier(name)))


def database_of(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def independent(url: str) -> subprocess.CompletedProcess[str]:
    """What the documentation gives to somebody who does not trust the console."""
    code = (ROOT / "docs/audit.md").read_text().split("```python\n")[1].split("```")[0]
    return subprocess.run(
        [sys.executable, "-c", code, url], capture_output=True, text=True, check=False
    )


def _url(conninfo: str) -> str:
    parts = conninfo_to_dict(conninfo)
    where = f"{parts['host']}:{parts['port']}/{parts['dbname']}"
    return f"postgresql://{parts['user']}:{parts['password']}@{where}"


def test_the_role_of_the_console_only_adds(roles: tuple[str, str]) -> None:
    owner, console = roles
    migrated = manage(console, "migrate", CONSOLE_OWNER_DATABASE_URL=owner)
    assert migrated.returncode == 0, migrated.stderr
    # Without the owner's address, as a replica is started, there is nothing to do.
    again = manage(console, "migrate")
    assert again.returncode == 0, again.stderr
    assert manage(console, "audit", "export").returncode == 0
    with psycopg.connect(console, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO console_auditending (entry_id, outcome, detail) "
            "SELECT id, 'done', '' FROM console_auditentry"
        )
        for table in ("console_auditentry", "console_auditending"):
            for statement in (
                "UPDATE {} SET at = now()",
                "DELETE FROM {}",
                "TRUNCATE {} CASCADE",
                "ALTER TABLE {} DISABLE TRIGGER ALL",
                "ALTER TABLE {} DISABLE TRIGGER USER",
                "DROP TABLE {} CASCADE",
                "DROP TRIGGER console_audit_chain ON {}",
                "CREATE TRIGGER mine BEFORE INSERT ON {} EXECUTE FUNCTION console_audit_refuse()",
                "SELECT * FROM {} FOR UPDATE",
            ):
                with pytest.raises(errors.InsufficientPrivilege):
                    conn.execute(SQL(statement).format(Identifier(table)))
        for statement in (
            "SET session_replication_role = replica",
            "CREATE OR REPLACE FUNCTION console_audit_refuse() RETURNS trigger "
            "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            "ALTER FUNCTION console_audit_chain() RESET ALL",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                conn.execute(statement)
        # Nor does a table of its own stand in for the log.
        conn.execute("CREATE TEMP TABLE console_auditentry (position bigint, hash text)")
        conn.execute("INSERT INTO console_auditentry VALUES (70, repeat('7', 64))")
        conn.execute(
            "INSERT INTO public.console_auditending (entry_id, outcome, detail) "
            "SELECT entry_id, 'done', '' FROM public.console_auditending"
        )
    verified = manage(console, "audit", "verify")
    assert verified.stdout.startswith("The audit log is whole. Its end: 3:"), verified.stderr
    assert independent(console).stdout in verified.stdout
    with psycopg.connect(server_url(database_of(console)), autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute("UPDATE console_auditentry SET username = 'ann'")
    assert "1 was changed" in independent(console).stderr
    assert "console.W009" not in manage(console, "check", "--deploy").stderr
    assert "console.W009" in manage(owner, "check", "--deploy").stderr
