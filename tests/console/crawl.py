"""A reader who follows every link."""

import html
import re
from urllib.parse import urljoin, urlsplit

from django.test import Client

#: More pages than the few runs of a test have.
MOST = 600
_LINK = re.compile(r'\shref="([^"#]+)')


def crawl(browser: Client, *addresses: str) -> dict[str, str]:
    """What every page tells that can be reached from these, by its address.

    Each of them has to answer; of one that is sent in pieces, or elsewhere, that is all.
    """
    waiting, told = list(addresses), dict[str, str]()
    while waiting:
        address = waiting.pop()
        if address in told or not address.startswith("/s/"):
            continue
        answer = browser.get(address)
        assert answer.status_code in (200, 302), f"{address}: {answer.status_code}"
        told[address] = ""
        assert len(told) < MOST
        if answer.status_code == 302 or answer.streaming:
            continue
        page = answer.content.decode()
        told[address] = html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))
        if answer.headers["Content-Type"].startswith("text/html"):
            waiting += [_within(address, html.unescape(link)) for link in _LINK.findall(page)]
    return told


def _within(address: str, link: str) -> str:
    """Where a link leads; the page of preferences comes back here, so it is no new one."""
    found = urlsplit(urljoin(address, link))
    return f"{found.path}?{found.query}".rstrip("?")
