"""What a browser would send of the form on a page."""

from html.parser import HTMLParser
from typing import Any


class _Form(HTMLParser):
    """Collects the fields of the first form in the content of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._is_within = self._is_over = False
        self._name: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form" and "card" in (given.get("class") or ""):
            self._is_within = not self._is_over
        elif not self._is_within:
            return
        elif tag == "input" and name and name != "csrfmiddlewaretoken":
            if given.get("type") not in ("checkbox", "radio"):
                self.fields[name] = given.get("value") or ""
            elif "checked" in given:
                self.fields[name] = given.get("value") or "on"
        elif tag == "textarea":
            self._name = name
            self.fields[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.fields[self._select] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        if self._name is not None:
            self.fields[self._name] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._name is not None:
            # Of the line break after the tag a browser knows that it is not part of the text.
            self.fields[self._name] = self.fields[self._name].removeprefix("\n")
            self._name = None
        elif tag == "select":
            self._select = None
        elif tag == "form" and self._is_within:
            self._is_within, self._is_over = False, True


def form_on(page: Any) -> dict[str, str]:
    """The fields of the form on a page, with what stands in them."""
    parser = _Form()
    parser.feed(page.content.decode())
    return parser.fields
