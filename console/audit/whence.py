"""From where a request comes: the client's address and an ID of the request.

A context variable carries both to whatever is written meanwhile, so that no signature has to.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

#: What an ID of a request looks like; any other is replaced.
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_PORT = re.compile(r"(?P<address>[\d.]+|\[[^]]*\])(:\d+)?")


@dataclass(frozen=True, slots=True)
class Whence:
    """Where something comes from, and why the person does it."""

    address: str = ""
    request_id: str = ""
    reason: str = ""


_NOWHERE = Whence()
_WHENCE: ContextVar[Whence] = ContextVar("whence", default=_NOWHERE)


def whence() -> Whence:
    """From where the present work comes; nothing where no request asked for it."""
    return _WHENCE.get()


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Keep a person's reason with what is written meanwhile."""
    token = _WHENCE.set(replace(_WHENCE.get(), reason=reason))
    try:
        yield
    finally:
        _WHENCE.reset(token)


class WhenceMiddleware:
    """The outermost: each request has an ID, which its answer tells."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = _request_id(request)
        token = _WHENCE.set(Whence(address_of(request), request_id))
        try:
            response = self.get_response(request)
        finally:
            _WHENCE.reset(token)
        response.headers["X-Request-ID"] = request_id
        return response


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def address_of(request: HttpRequest) -> str:
    """The client's address.

    Each proxy adds who spoke to it at the end of ``X-Forwarded-For``, and anybody may begin the
    line with lies: so behind N proxies of one's own the Nth from the end is true. Where the line
    is shorter, the request did not come through them, and who spoke to us is all that is known.
    """
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.CONSOLE_TRUSTED_PROXIES
    told = request.headers.get("X-Forwarded-For", "").split(",")
    if not proxies or len(told) < proxies:
        return peer
    return _address(told[-proxies]) or peer


def _address(text: str) -> str:
    """An address in one spelling, without a port; empty where it is none."""
    with_port = _PORT.fullmatch(text.strip())
    bare = with_port["address"].strip("[]") if with_port else text.strip()
    try:
        found = ip_address(bare)
    except ValueError:
        return ""
    inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(inner or found)[:45]
