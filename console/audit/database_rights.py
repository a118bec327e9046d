"""What the console's role may do in its own database, where another role owns the tables."""

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.sql import SQL, Identifier

#: Rows are added to these and nothing else.
AUDIT_TABLES = ("console_auditentry", "console_auditending")
#: These only the owner writes to.
_READ_ONLY = ("django_migrations",)

_OWNED = """
SELECT relname, relkind FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'S')
AND pg_get_userbyid(relowner) = current_user"""

_OVERMUCH = """
SELECT relname, pg_has_role(relowner, 'USAGE') AS owns,
    has_table_privilege(oid, 'UPDATE') OR has_table_privilege(oid, 'DELETE')
    OR has_table_privilege(oid, 'TRUNCATE') OR has_table_privilege(oid, 'TRIGGER') AS changes
FROM pg_class WHERE oid = ANY (ARRAY[to_regclass(%s), to_regclass(%s)])"""


def grant(owner: BaseDatabaseWrapper, role: str) -> None:
    """Let a role use the tables of the connection's own role, and only add to the audit log."""
    named = Identifier(role)
    with owner.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user")
        schema, owning = cursor.fetchone()
        if role == owning:
            return
        cursor.execute(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(Identifier(schema), named))
        cursor.execute(_OWNED)
        for name, kind in cursor.fetchall():
            for statement in _statements(name, kind):
                cursor.execute(statement.format(Identifier(schema, name), named))


def _statements(name: str, kind: str) -> list[SQL]:
    if kind == "S":
        return [SQL("GRANT USAGE, SELECT ON SEQUENCE {} TO {}")]
    if name not in (*AUDIT_TABLES, *_READ_ONLY):
        return [SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}")]
    rights = "SELECT, INSERT" if name in AUDIT_TABLES else "SELECT"
    return [SQL("REVOKE ALL ON {} FROM {}"), SQL(f"GRANT {rights} ON {{}} TO {{}}")]


def are_overmuch() -> bool:
    """Whether the console's role could switch off what guards the audit log.

    Raises:
        DatabaseError, InterfaceError: The database does not answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OVERMUCH, AUDIT_TABLES)
        return any(owns or changes for _, owns, changes in cursor.fetchall())
