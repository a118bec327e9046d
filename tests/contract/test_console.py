"""The console shows all that workers of every generation left: every page, every value."""

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from console import systems
from console.permissions import Role
from tests.console.conftest import SignIn, sign_in
from tests.console.crawl import crawl
from tests.contract.generations import (
    GENERATIONS,
    OLDEST,
    Generation,
    create_generation_database,
    each,
)

__all__ = ["sign_in"]


@pytest.fixture(scope="module", params=each(*GENERATIONS))
def generation(request: pytest.FixtureRequest) -> Generation:
    one: Generation = request.param
    return one


@pytest.fixture(scope="module")
def old_url(generation: Generation, worker_id: str) -> str:
    return create_generation_database(generation, f"shown_{generation}_{worker_id}")


@pytest.fixture
def operator(old_url: str, settings: Settings, sign_in: SignIn) -> Iterator[Client]:
    """Somebody who looks at that database."""
    settings.DBOS_SYSTEM_DATABASE_URL = old_url
    yield sign_in(Role.OPERATOR)
    systems.all_systems()["main"].client.destroy()
    systems._client.cache_clear()


SYSTEM = "/s/main"
COMPARE = f"{SYSTEM}/workflows/compare/"
#: How the console shows what the applications give their runs, in the words of each language.
SHOWN = {
    "python": (
        'tuple( 2 0 1 1 "b" )',
        "Decimal(1.50)",
        "UUID(00000000-0000-0000-0000-000000000007)",
        "1152921504606846976",
    ),
    "typescript": ('"big": 1152921504606846976', '"nothing": undefined', "1 2.5 2 -1"),
}
BOTH = ('"text": "grüß ✓"', "datetime(2026-01-02T03:04:05.678000+00:00)", "bytes(00ff)", '"b"')
FAILURES = {"python": "ValueError", "typescript": "RangeError"}


def test_every_page_shows_what_is_there(operator: Client, generation: Generation) -> None:
    told = crawl(
        operator,
        f"{SYSTEM}/workflows/",
        f"{SYSTEM}/errors/?period=week",
        f"{COMPARE}?a=success&b=failure",
        f"{COMPARE}?a=parent&b=child",
    )
    run = f"{SYSTEM}/workflows/run/success"
    values = (*SHOWN[generation.language], *BOTH)
    for address in (f"{run}/", f"{run}/payload/output/", f"{run}/payload/event:progress/"):
        assert [value for value in values if value not in told[address]] == [], address
    assert '{"total": 6}' in told[f"{run}/stream/?key=log"]
    if generation not in OLDEST:
        assert '"started"' in told[f"{run}/event/?key=progress"]
    for word in ("report", "failing", "parent", "child", "echo", "Success", "Error", "Enqueued"):
        assert word in told[f"{SYSTEM}/workflows/"]
    errors = told[f"{SYSTEM}/errors/?period=week"]
    assert f"{FAILURES[generation.language]} : no stock" in errors
    assert "OutOfStock : <number> of tea left" in errors
    assert "no stock" in told[f"{SYSTEM}/workflows/run/failure/payload/error/"]
    assert "0 of tea left" in told[f"{SYSTEM}/workflows/run/own~20failure/"]
    assert "B recorded no further step" in told[f"{COMPARE}?a=success&b=failure"]
    assert any(address.endswith("/payload/step-output:1/download/") for address in told)


@pytest.mark.parametrize(
    "term", ["has:parent", "is:fork", "attr.a=1", "schedule:x", "completed:<2h", "fork-of:success"]
)
@pytest.mark.parametrize("page", ["workflows", "errors"])
def test_a_search_works_or_says_what_the_database_lacks(
    operator: Client, page: str, term: str
) -> None:
    answer = operator.get(f"{SYSTEM}/{page}/", {"q": term})
    lacks = b"This system database has no workflow_status." in answer.content
    assert answer.status_code == (422 if lacks else 200)
    assert term in answer.content.decode().replace("&lt;", "<")
