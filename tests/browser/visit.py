"""A stop of the tour through the console."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

Act = Callable[[Page], object]


@dataclass(frozen=True)
class Visit:
    """A page in a state: where it is, what a person does there, and who."""

    what: str
    path: str
    act: Act | None = None
    who: str = "ann"
