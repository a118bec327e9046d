"""Application versions: which is the latest, and who may say so."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient
from client_core.records import VersionInfo
from client_core.resource_errors import NonExistentVersion, OwnedByAnotherApplication

Sql = psycopg.Connection[Any]


@pytest.fixture
def versions(system_url: str, sql: Sql) -> Iterator[DBOSClient]:
    with DBOSClient.create(system_url) as client:
        yield client


def register(sql: Sql, name: str, timestamp: int, owner: str | None = None) -> None:
    sql.execute(
        "INSERT INTO dbos.application_versions VALUES (%s, %s, %s, 5, %s)",
        [f"id-{name}", name, timestamp, owner],
    )


def names(client: DBOSClient) -> list[str]:
    return [version.version_name for version in client.list_application_versions()]


def test_there_may_be_none(versions: DBOSClient) -> None:
    assert versions.list_application_versions() == []
    assert versions.get_latest_application_version() is None


def test_the_latest_comes_first(versions: DBOSClient, sql: Sql) -> None:
    for name, timestamp in [("v1", 10), ("v3", 30), ("v2", 20)]:
        register(sql, name, timestamp)
    assert names(versions) == ["v3", "v2", "v1"]
    assert versions.get_latest_application_version() == VersionInfo(
        version_id="id-v3",
        version_name="v3",
        version_timestamp=30,
        created_at=5,
        application_name=None,
    )


def test_an_application_sees_its_own_and_the_unclaimed(
    system_url: str, versions: DBOSClient, sql: Sql
) -> None:
    register(sql, "shop-1", 10, "shop")
    register(sql, "old", 20)
    register(sql, "billing-1", 30, "billing")
    with DBOSClient.create(system_url, application_name="shop") as shop:
        assert names(shop) == ["old", "shop-1"]
        latest = shop.get_latest_application_version()
        theirs = shop.get_latest_application_version(application_name="billing")
    assert latest is not None
    assert latest.version_name == "old"
    assert theirs is not None
    assert theirs.version_name == "billing-1"
    assert names(versions) == ["billing-1", "old", "shop-1"]


def test_a_version_becomes_the_latest_and_only_that(versions: DBOSClient, sql: Sql) -> None:
    register(sql, "v1", 10, "shop")
    register(sql, "v2", 20, "shop")
    versions.set_latest_application_version("v1")
    found = versions.list_application_versions()
    assert [version.version_name for version in found] == ["v1", "v2"]
    assert (found[0].application_name, found[0].created_at) == ("shop", 5)
    assert found[1].version_timestamp == 20


def test_a_clock_that_was_ahead_does_not_stay_the_latest(versions: DBOSClient, sql: Sql) -> None:
    register(sql, "v1", 10, "shop")
    register(sql, "v2", 2**50, "shop")
    register(sql, "other", 2**55, "billing")
    versions.set_latest_application_version("v1")
    latest = versions.get_latest_application_version(application_name="shop")
    assert latest is not None
    assert (latest.version_name, latest.version_timestamp) == ("v1", 2**50 + 1)


def test_an_unclaimed_version_is_claimed(system_url: str, sql: Sql) -> None:
    register(sql, "v1", 10)
    with DBOSClient.create(system_url, application_name="shop") as shop:
        shop.set_latest_application_version("v1")
        assert [version.application_name for version in shop.list_application_versions()] == [
            "shop"
        ]


def test_no_such_version(versions: DBOSClient) -> None:
    with pytest.raises(NonExistentVersion) as caught:
        versions.set_latest_application_version("v9")
    assert caught.value.name == "v9"


def test_a_version_of_another_application_is_a_conflict(versions: DBOSClient, sql: Sql) -> None:
    register(sql, "v1", 10, "shop")
    with pytest.raises(OwnedByAnotherApplication) as caught:
        versions.set_latest_application_version("v1", application_name="billing")
    assert (caught.value.kind, caught.value.owner) == ("application version", "shop")
    latest = versions.get_latest_application_version()
    assert latest is not None
    assert latest.version_timestamp == 10
