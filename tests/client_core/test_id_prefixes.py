"""The beginnings of IDs, in databases that sort text in different ways."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier

from client_core import DBOSClient
from client_core.filters import conditions, order
from client_core.id_prefixes import NEXT, bounds, conditions_for, orderly
from client_core.workflows import _LIST
from demo.postgres import EmbeddedPostgres
from tests.demo.conftest import reachable_folder

Sql = psycopg.Connection[Any]

SOURCES = Path("/usr/share/i18n")
#: Collation → the options of its database, and what is not orderly in it.
COLLATIONS: dict[str, tuple[LiteralString, set[str]]] = {
    "C": ("LOCALE_PROVIDER libc LOCALE 'C'", set()),
    "C.UTF-8": ("LOCALE_PROVIDER libc LOCALE 'C.UTF-8'", set()),
    "built-in C.UTF-8": ("LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'", set()),
    "LATIN1": ("LOCALE_PROVIDER libc LOCALE 'C' ENCODING 'LATIN1'", set()),
    "en_US": ("LOCALE_PROVIDER libc LOCALE 'en_US.UTF-8'", set()),
    "da_DK": ("LOCALE_PROVIDER libc LOCALE 'da_DK.UTF-8'", {"a"}),
    "cs_CZ": ("LOCALE_PROVIDER libc LOCALE 'cs_CZ.UTF-8'", {"9", "c", "h"}),
    "ICU": ("LOCALE_PROVIDER icu ICU_LOCALE 'und' LOCALE 'C'", set()),
    "ICU, Hungarian": (
        "LOCALE_PROVIDER icu ICU_LOCALE 'hu' LOCALE 'C'",
        {"c", "d", "g", "l", "n", "s", "t", "y"},
    ),
    "ICU, numbers": ("LOCALE_PROVIDER icu ICU_LOCALE 'und-u-kn-true' LOCALE 'C'", {*"0123456789"}),
}
CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzchllyaaABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/ +~"
BEHIND = CHARACTERS + "éÅä\u030a\u0301ß'\"#"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that has people's locales besides those of machines, where there are sources."""
    with pytest.MonkeyPatch.context() as patch, reachable_folder() as home:
        locales = home / "locales"
        locales.mkdir()
        if shutil.which("localedef") and (SOURCES / "locales/en_US").exists():
            for name in ("en_US", "da_DK", "cs_CZ"):
                command = ["localedef", "--no-archive", "-c", "-i", name, "-f", "UTF-8"]
                subprocess.run([*command, locales / f"{name}.UTF-8"], check=True)
            patch.setenv("LOCPATH", str(locales))
        with EmbeddedPostgres(home / "server", settings={"fsync": "off"}) as server:
            yield server
        server.remove()


@pytest.fixture(params=COLLATIONS)
def collation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def table(system_url: str) -> Composed:
    """What makes the table of runs as applications have it."""
    columns = (
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
        "WHERE attrelid = 'dbos.workflow_status'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    with psycopg.connect(system_url) as conn:
        found = conn.execute(columns).fetchall()
    typed = [SQL("{} {}").format(Identifier(name), SQL(kind)) for name, kind in found]
    return SQL(
        "CREATE SCHEMA dbos; CREATE TABLE dbos.workflow_status ({}, PRIMARY KEY (workflow_uuid)); "
        "CREATE INDEX ON dbos.workflow_status (created_at)"
    ).format(SQL(", ").join(typed))


@pytest.fixture
def url(server: EmbeddedPostgres, collation: str, table: Composed) -> Iterator[str]:
    """A database that sorts so, with no runs."""
    options, _ = COLLATIONS[collation]
    with psycopg.connect(server.url(), autocommit=True) as admin:
        try:
            admin.execute(SQL("CREATE DATABASE sorted TEMPLATE template0 ") + SQL(options))
        except psycopg.Error as error:
            pytest.skip(f"this server cannot sort so: {error}")
        with psycopg.connect(server.url("sorted")) as made:
            made.execute(table)
        yield server.url("sorted")
        admin.execute("DROP DATABASE sorted WITH (FORCE)")


@pytest.fixture
def sorted_client(url: str) -> Iterator[DBOSClient]:
    with DBOSClient.create(url) as client:
        yield client


def test_what_is_orderly(sorted_client: DBOSClient, collation: str) -> None:
    _, disorderly = COLLATIONS[collation]
    assert orderly(sorted_client._db) == {one.lower() for one in NEXT} - disorderly
    assert sorted_client._db.remembered["orderly"] == orderly(sorted_client._db)


def test_what_begins_so_stands_between(sorted_client: DBOSClient, url: str, collation: str) -> None:
    """Whatever follows, in tens of thousands of texts."""
    chance = random.Random(collation)
    good = orderly(sorted_client._db)
    behind = CHARACTERS if collation == "LATIN1" else BEHIND
    cases = []
    for _ in range(40_000):
        prefix = "".join(chance.choices(CHARACTERS, k=chance.randint(1, 6)))
        if between := bounds(prefix, good):
            rest = "".join(chance.choices(behind, k=chance.randint(0, 4)))
            cases.append((prefix + rest, *between))
    assert len(cases) > 20_000
    with psycopg.connect(url) as conn:
        outside = conn.execute(
            "SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS x(id, first, last) "
            "WHERE NOT (id >= first AND id < last) LIMIT 5",
            list(map(list, zip(*cases, strict=True))),
        ).fetchall()
    assert outside == []


def test_the_runs_are_found_by_the_primary_key(sorted_client: DBOSClient, url: str) -> None:
    with psycopg.connect(url, row_factory=dict_row) as conn:
        conn.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, created_at) "
            "SELECT md5('run ' || n)::uuid, 'SUCCESS', 'job', n FROM generate_series(1, 20000) n"
        )
        for one in ("Job-7", "job-7", "job-71", "JOB-7", "job7", "jo-b7", "job-7%", "job-7-aa"):
            conn.execute(
                "INSERT INTO dbos.workflow_status (workflow_uuid, status) VALUES (%s, 'ERROR')",
                [one],
            )
        conn.execute("ANALYZE dbos.workflow_status")
        conn.commit()
        for prefix in ("0b", "6f5-", "job-", "job-7", "Job", "job-7%", "f", "-", "Ä"):
            wanted = conn.execute(
                "SELECT workflow_uuid AS id FROM dbos.workflow_status "
                "WHERE starts_with(workflow_uuid, %s)",
                [prefix],
            ).fetchall()
            found = sorted_client.list_workflows(workflow_id_prefix=prefix)
            assert {run.workflow_id for run in found} == {row["id"] for row in wanted}
            assert sorted_client.count_workflows(workflow_id_prefix=prefix, ceiling=30_000) == len(
                wanted
            )
        narrow = conditions_for(sorted_client._db, {"workflow_id_prefix": "6f5b21d4"})
        text = _LIST.replace("<where>", narrow.where()).replace("<order>", order({"limit": 51}))
        statement = SQL("EXPLAIN " + text).format(schema=Identifier("dbos"))
        plan = "\n".join(row["QUERY PLAN"] for row in conn.execute(statement, narrow.params))
    assert "workflow_status_pkey" in plan
    assert "Index Cond" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    ("prefix", "between"),
    [
        ("ab3", ("ab3", "ab4")),
        ("ab9", ("ab9", "aba")),
        ("aby", ("aby", "abz")),
        ("AB", ("AB", "AC")),
        ("a-", ("a", "b")),
        ("az~z", ("a", "b")),
        ("a3é", ("a3", "a4")),
        ("z", None),
        ("-", None),
        ("éa", None),
        ("a\tb", None),
        ("", None),
    ],
)
def test_between_what(prefix: str, between: tuple[str, str] | None) -> None:
    assert bounds(prefix, {one.lower() for one in NEXT}) == between


def test_a_prefix_is_cut_until_it_ends_in_what_is_orderly() -> None:
    assert bounds("3fa", {"f"}) == ("3f", "3g")
    assert bounds("3fa", {"3"}) == ("3", "4")
    assert bounds("3fa", set()) is None


def test_a_database_that_has_no_time_to_tell_is_asked_again(
    client: DBOSClient, system_url: str
) -> None:
    database = client._db.hurried(50)
    database.remembered = {}
    filters: Any = {"workflow_id_prefix": "abc"}
    with psycopg.connect(system_url) as other:
        other.execute("LOCK TABLE dbos.workflow_status")
        assert conditions_for(database, filters).params == conditions(filters).params
    assert database.remembered == {}
    database.statement_timeout_ms = 30_000
    assert conditions_for(database, filters).params["id_from"] == "abc"
