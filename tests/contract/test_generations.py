"""Ours on the databases of old SDKs: it reads what their workers left, and they run its writes."""

import psycopg
import pytest

from client_core.schema_history import INTRODUCED, NEWEST_MIGRATION, TYPES
from tests.contract.generations import (
    GENERATIONS,
    Generation,
    create_generation_database,
    each,
)

_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'dbos'
"""


def columns(url: str) -> dict[str, str]:
    """The types of all columns of a system database, by `table.column`."""
    with psycopg.connect(url) as conn:
        return {f"{table}.{name}": kind for table, name, kind in conn.execute(_COLUMNS)}


@pytest.fixture(scope="module", params=each(*GENERATIONS))
def generation(request: pytest.FixtureRequest) -> Generation:
    one: Generation = request.param
    return one


@pytest.fixture(scope="module")
def old_url(generation: Generation, worker_id: str) -> str:
    return create_generation_database(generation, f"{generation}_{worker_id}")


def introduced(name: str, generation: Generation) -> bool:
    """Whether the history says that this SDK has a table or column."""
    table = name.partition(".")[0]
    return all(
        tuple(map(int, getattr(INTRODUCED[known], generation.language).split(".")))
        <= generation.release
        for known in (table, name)
        if known in INTRODUCED
    )


def test_the_history_is_that_of_the_real_migrations(
    generation: Generation, old_url: str, system_url: str
) -> None:
    today, then = columns(system_url), columns(old_url)
    assert then.keys() & today.keys() == {name for name in today if introduced(name, generation)}


def test_the_history_knows_the_types_of_all_that_came_later(system_url: str) -> None:
    today = columns(system_url)
    tables = {name.partition(".")[0] for name in today}
    assert INTRODUCED.keys() <= today.keys() | tables
    known = {
        f"{table}.{name}": kind for table, kinds in TYPES.items() for name, kind in kinds.items()
    }
    later = [name for name in today if {name, name.partition(".")[0]} & INTRODUCED.keys()]
    assert known == {name: today[name] for name in later}
    with psycopg.connect(system_url) as conn:
        assert conn.execute("SELECT version FROM dbos.dbos_migrations").fetchall() == [
            (NEWEST_MIGRATION,)
        ]
