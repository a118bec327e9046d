"""What is wrong with the configuration, told before anything is served.

`manage.py check --deploy` adds the mistakes that would show up under load. Each is told with what
to do about it; none writes anything.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Unwise
from django.db import DatabaseError, InterfaceError, connection
from psycopg.conninfo import conninfo_to_dict

from client_core import SystemDatabaseError
from console.audit import database_rights
from console.system_file import read
from console.systems import all_systems

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: The first whose features the client's statements use.
LEAST_POSTGRESQL = 140_000

_ROLE = """
SELECT current_setting('server_version_num')::int, rolname, rolsuper
FROM pg_roles WHERE rolname = current_user"""


@register()
def systems(**_: Any) -> list[CheckMessage]:
    """Every mistake in the description of the systems, by its key and rule."""
    _, problems = read(settings.CONSOLE_SYSTEMS) if settings.CONSOLE_SYSTEMS else ({}, [])
    return [Error(problem, id="console.E001") for problem in problems]


@register(Tags.security, deploy=True)
def exposure(**_: Any) -> list[CheckMessage]:
    """What strangers could reach or guess."""
    return list(_exposure())


def _exposure() -> Iterator[CheckMessage]:
    hosts = set(settings.ALLOWED_HOSTS)
    if "*" in hosts:
        yield Unwise(
            "CONSOLE_ALLOWED_HOSTS has “*”, so that a forged Host leads people elsewhere.",
            hint="Name the host that browsers use.",
            id="console.W001",
        )
    if hosts <= LOCAL_HOSTS:
        yield Unwise(
            "CONSOLE_ALLOWED_HOSTS names this machine alone: others get “400 Bad Request”.",
            hint="Name the host that browsers use, such as console.example.org.",
            id="console.W002",
        )
    if not settings.HTTPS:
        yield Unwise(
            "CONSOLE_HTTPS is off: passwords and sessions travel so that others can read them.",
            hint="End TLS at a proxy that sets X-Forwarded-Proto, and set CONSOLE_HTTPS=1.",
            id="console.W003",
        )
    if settings.SECRET_KEY_WAS_MADE:
        yield Unwise(
            "CONSOLE_SECRET_KEY is not set: this replica made one for itself, and people who are "
            "signed in on it are strangers to another.",
            hint="Give all replicas the same CONSOLE_SECRET_KEY or CONSOLE_SECRET_KEY_FILE.",
            id="console.W004",
        )


@register(Tags.security, deploy=True)
def unencrypted(**_: Any) -> list[CheckMessage]:
    """Connections to databases that others could read."""
    urls = {"CONSOLE_DATABASE_URL": settings.CONSOLE_DATABASE_URL}
    for system in all_systems().values():
        urls[f"the system {system.name}"] = system.url
        urls[f"the replica of {system.name}"] = system.read_url or system.url
    return [
        Unwise(
            f"The connection to the database of {name} may be unencrypted.",
            hint="Add sslmode=verify-full (and sslrootcert=…) to its URL.",
            id="console.W005",
        )
        for name, url in urls.items()
        if not _is_protected(url)
    ]


def _is_protected(url: str) -> bool:
    """Whether it stays on this machine, or is encrypted in any case."""
    parts = conninfo_to_dict(url)
    host = str(parts.get("host") or "")
    is_local = not host or host.startswith("/") or host in LOCAL_HOSTS | {"::1"}
    return is_local or parts.get("sslmode") in ("require", "verify-ca", "verify-full")


@register("console", deploy=True)
def databases(**_: Any) -> list[CheckMessage]:
    """Whether the databases answer, and whether they are fit for it."""
    return [*_console_database(), *_system_databases()]


def _console_database() -> Iterator[CheckMessage]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_ROLE)
            version, role, is_superuser = cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        reason = str(error).strip().partition("\n")[0]
        yield Error(f"CONSOLE_DATABASE_URL does not answer: {reason}", id="console.E002")
        return
    if version < LEAST_POSTGRESQL:
        yield Error("The console needs PostgreSQL 14 or newer.", id="console.E003")
    if is_superuser:
        yield Unwise(
            f"The console's role {role} is a superuser of PostgreSQL, to whom no rule applies.",
            hint="Give the console a role of its own.",
            id="console.W006",
        )


def _system_databases() -> Iterator[CheckMessage]:
    """Whether they answer, and have the tables of DBOS. One may come later; others are served."""
    for system in all_systems().values():
        try:
            has_tables = system.client.capabilities.has_tables
        except SystemDatabaseError as error:
            message = f"The database of the system {system.name} does not answer: {error}"
            yield Unwise(message, id="console.W007")
            continue
        if not has_tables:
            yield Unwise(
                f"The database of the system {system.name} has no tables of DBOS in the schema "
                f"{system.schema_name}.",
                hint="Name the schema, or start an application once.",
                id="console.W008",
            )


@register(Tags.security, deploy=True)
def audit_rights(**_: Any) -> list[CheckMessage]:
    """Whether the console's role could switch off what guards the audit log."""
    try:
        overmuch = database_rights.are_overmuch()
    except (DatabaseError, InterfaceError):
        return []  # Another check tells that it does not answer.
    hint = (
        "Let another role own the tables: give it in CONSOLE_OWNER_DATABASE_URL, and run "
        "`migrate`. docs/audit.md tells how."
    )
    text = "The console's database role owns the audit log or may change it."
    return [Unwise(text, hint=hint, id="console.W009")] if overmuch else []
