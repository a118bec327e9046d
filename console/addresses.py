"""Where a request came from."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The client's address, as far as it can be believed.

    Each proxy of ours appends whom it heard from to X-Forwarded-For; what stands before these was
    sent by the client, who may write anything.
    """
    hops = settings.CONSOLE_TRUSTED_PROXIES
    told = request.headers.get("X-Forwarded-For", "").split(",")
    address = told[-hops].strip() if 0 < hops <= len(told) else ""
    try:
        return str(ip_address(address))
    except ValueError:
        return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 - a unix socket has none
