"""Open pages hear of changes from a real server, which holds no connection for them."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any, LiteralString

import psycopg
import pytest

from benchmarks.open_pages import PATIENCE_SECONDS, Server, Stream, got, opened, run, serving
from console import live
from demo.waiting import wait_until
from tests.client_core.conftest import Insert
from tests.databases import create_database
from tests.proxy import Proxy

Sql = psycopg.Connection[Any]
PEOPLE = 10


@pytest.fixture
def console_url(worker_id: str) -> str:
    return create_database(f"live_{worker_id}")


@pytest.fixture
def system_proxy(system_url: str) -> Iterator[Proxy]:
    with Proxy(system_url) as proxy:
        yield proxy


@pytest.fixture
def server(console_url: str, system_proxy: Proxy) -> Iterator[Server]:
    """A console with some people, before a system database that can go away."""
    with serving(console_url, system_proxy.url, people=PEOPLE) as server:
        yield server


@pytest.fixture
def console_sql(server: Server, console_url: str) -> Iterator[Sql]:
    """A connection to the console's own database."""
    with psycopg.connect(console_url, autocommit=True) as conn:
        yield conn


CHANGE = "UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = 'run'"


@pytest.mark.parametrize("query", ["runs", "run=run", "failures&run=run"])
def test_a_change_is_told_and_nothing_else(
    server: Server, insert: Insert, sql: Sql, query: str
) -> None:
    insert(workflow_uuid="run", status="PENDING")

    async def test() -> None:
        async with opened(server, server.sessions[0], query) as stream:
            assert stream.status == 200
            assert "content-type: text/event-stream" in stream.head.lower()
            assert "x-accel-buffering: no" in stream.head.lower()
            assert "cache-control: no-store" in stream.head.lower()
            assert await stream.word() == "ready"
            sql.execute(CHANGE)
            assert await stream.word() == "changed"

    run(test())


def test_pages_hear_only_of_what_they_show(server: Server, insert: Insert, sql: Sql) -> None:
    insert(workflow_uuid="run", status="PENDING")
    insert(workflow_uuid="other", status="PENDING")

    async def test() -> None:
        async with (
            opened(server, server.sessions[0], "run=other") as other,
            opened(server, server.sessions[1], "run=run") as stream,
        ):
            assert [await stream.word(), await other.word()] == ["ready", "ready"]
            sql.execute(CHANGE)
            assert await stream.word() == "changed"
            sql.execute(CHANGE.replace("'run'", "'other'").encode())
            assert await other.word() == "changed"
            server.process.terminate()
            assert await other.words_until_the_end() == []

    run(test())


def connections(sql: Sql) -> set[int]:
    """The connections to this database, but for the one that asks."""
    rows = sql.execute(
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND application_name IN ('dbos-console', '') AND backend_type = 'client backend'"
    ).fetchall()
    return {row["pid"] if isinstance(row, dict) else row[0] for row in rows}


def test_two_hundred_pages_hold_no_more_connections_than_twenty(
    server: Server, console_sql: Sql, insert: Insert, sql: Sql
) -> None:
    """To the system database there are two: one that looks, and one that listens."""
    insert(workflow_uuid="run", status="PENDING")
    before = connections(sql)  # Of other tests, some of which may end any time.

    async def test() -> None:
        streams: list[Stream] = []
        counts: list[int] = []
        async with AsyncExitStack() as stack:
            for number in range(200):
                query = "run=run" if number % 2 else "runs"
                one = opened(server, server.sessions[number % PEOPLE], query)
                streams.append(await stack.enter_async_context(one))
                if number in (19, 199):
                    words = await asyncio.gather(*(s.word() for s in streams[len(counts) * 20 :]))
                    assert set(words) == {"ready"}
                    assert wait_until(lambda: len(connections(sql) - before) == 2, PATIENCE_SECONDS)
                    counts.append(len(connections(console_sql)))
            assert {stream.status for stream in streams} == {200}
            assert counts[1] <= counts[0] + 1, "that of the check who may still look"
            sql.execute(CHANGE)
            words = await asyncio.gather(*(stream.word() for stream in streams))
            assert words == ["changed"] * 200
            assert await got(server, server.sessions[0], "/s/main/workflows/") == 200

    run(test())


#: What ends a person's leave to look, by the place of the person.
ENDS: tuple[LiteralString, ...] = (
    "DELETE FROM django_session WHERE session_key = %(session)s",
    "DELETE FROM auth_user_groups WHERE user_id = %(user)s",
    "UPDATE auth_user SET is_active = FALSE WHERE id = %(user)s",
    "UPDATE auth_user SET password = 'another' WHERE id = %(user)s",
)


def test_who_may_look_no_longer_is_shown_out(server: Server, console_sql: Sql) -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(opened(server, session))
                for session in server.sessions[: len(ENDS) + 1]
            ]
            assert [await stream.word() for stream in streams] == ["ready"] * len(streams)
            users = console_sql.execute("SELECT id FROM auth_user ORDER BY id").fetchall()
            for place, end in enumerate(ENDS):
                params = {"session": server.sessions[place], "user": users[place][0]}
                assert console_sql.execute(end, params).rowcount == 1
            *ended, goes_on = streams
            for stream in ended:
                assert await stream.words_until_the_end() == ["over"]
            server.process.terminate()
            assert await goes_on.words_until_the_end() == []

    run(test())


def test_a_person_has_a_limit_of_open_pages(server: Server) -> None:
    async def test() -> None:
        async with AsyncExitStack() as stack:
            for _ in range(live.MOST_OF_A_PERSON):
                one = await stack.enter_async_context(opened(server, server.sessions[0]))
                assert one.status == 200
                assert await one.word() == "ready"
            async with opened(server, server.sessions[0]) as refused:
                assert refused.status == 204
            async with opened(server, server.sessions[1]) as another:
                assert another.status == 200

    run(test())


def test_streams_end_at_once_when_the_server_is_told_to_stop(server: Server) -> None:
    async def test() -> None:
        async with (
            opened(server, server.sessions[0], "run=run") as one,
            opened(server, server.sessions[1]) as another,
        ):
            assert [await one.word(), await another.word()] == ["ready", "ready"]
            code, said = await asyncio.to_thread(server.stop)
            assert code == 0
            assert "graceful shutdown exceeded" not in said
            assert await one.words_until_the_end() == []
            assert await another.words_until_the_end() == []

    run(test())


def test_streams_end_when_the_system_database_goes_away_and_come_back_with_it(
    server: Server, system_proxy: Proxy, insert: Insert, sql: Sql
) -> None:
    insert(workflow_uuid="run", status="PENDING")

    async def test() -> None:
        async with opened(server, server.sessions[0]) as stream:
            assert await stream.word() == "ready"
            system_proxy.play("refuse")
            assert await stream.words_until_the_end() == []
        system_proxy.refuse(False)
        system_proxy.play()
        while True:
            async with opened(server, server.sessions[0]) as stream:
                if await stream.word() == "ready":
                    sql.execute(CHANGE)
                    assert await stream.word() == "changed"
                    return

    run(test())


def test_an_impossible_id_is_watched_by_nobody(server: Server) -> None:
    async def test() -> None:
        async with opened(server, server.sessions[0], "run=a%00b") as stream:
            assert (stream.status, await stream.word()) == (200, "ready")

    run(test())
