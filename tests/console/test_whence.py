"""From where a request comes: nobody can say so for himself."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from console.audit.rows import record
from console.audit.whence import WhenceMiddleware, address_of, because, whence


def address(settings: Settings, proxies: int, peer: str, told: str | None) -> str:
    settings.CONSOLE_TRUSTED_PROXIES = proxies
    headers = {} if told is None else {"X-Forwarded-For": told}
    return address_of(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


@pytest.mark.parametrize(
    ("proxies", "told", "found"),
    [
        (0, None, "10.0.0.1"),
        (0, "1.2.3.4", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.1"),
        (1, "6.6.6.6, nonsense", "10.0.0.1"),
        (1, "<script>", "10.0.0.1"),
        (1, "1.2.3.4:5678", "1.2.3.4"),
        (1, "[2001:DB8::1]:443", "2001:db8::1"),
        (1, "2001:db8:0:0::1", "2001:db8::1"),
        (1, "::ffff:1.2.3.4", "1.2.3.4"),
    ],
)
def test_whose_address_is_believed(
    settings: Settings, proxies: int, told: str | None, found: str
) -> None:
    assert address(settings, proxies, "10.0.0.1", told) == found


def test_without_an_address_there_is_none(settings: Settings) -> None:
    """As on a Unix socket."""
    assert address(settings, 0, "", None) == ""


@pytest.mark.parametrize("given", ["abcdefgh", "0af7651916cd43dd8448eb211c80319c", "a.b_c-d.1234"])
def test_an_id_of_the_proxy_is_kept(given: str) -> None:
    response = Client().get("/healthz", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "a b c d e f", "abcdefgh\u00e9", "-abcdefgh"]
)
def test_what_looks_like_no_id_is_replaced(given: str) -> None:
    response = Client().get("/healthz", headers={"X-Request-ID": given})
    assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Request-ID"])


def test_it_is_known_while_the_request_is_answered_and_no_longer(db: None) -> None:
    def answer(request: object) -> HttpResponse:
        with because("so"):
            kept = record("signin")
        assert (kept.address, kept.request_id, kept.reason) == ("10.0.0.1", "abcdefgh", "so")
        assert record("signin").reason == ""
        return HttpResponse()

    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.1", headers={"X-Request-ID": "abcdefgh"}
    )
    WhenceMiddleware(answer)(request)
    assert (whence().address, whence().request_id) == ("", "")
