"""What a system database supports.

The newest generation is served: payloads live in ``workflow_input`` and ``workflow_output``, which
migration 109 brings (Python SDK 3.0, TypeScript SDK 5.0). The client never migrates: the tables
belong to the application.
"""

from typing import Any, LiteralString

GENERATION: LiteralString = """
SELECT to_regclass(format('%%I.dbos_migrations', %(schema_name)s::text)) IS NOT NULL
       AS has_migrations
"""


def explain(schema_name: str, row: dict[str, Any]) -> str:
    """One sentence on why a statement met no table or column, and what to do."""
    if not row["has_migrations"]:
        return (
            f"There are no DBOS tables in the schema “{schema_name}” of this database. "
            "Start a DBOS application on it once, or set the schema that it uses."
        )
    return (
        "This system database was made by an older DBOS SDK than this client supports. "
        "It needs the tables of Python SDK 3.0 or TypeScript SDK 5.0 (migration 109)."
    )
