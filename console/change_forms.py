"""Forms that change what is there, and tell who comes second what the first made of it."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms

from console.once import OnceForm


class ChangeForm(OnceForm):
    """What is there as a form; what somebody else changed meanwhile stands beside its field."""

    repeats = True

    #: What the person saw, to tell what somebody else changed meanwhile.
    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    #: What is there now.
    current: Any
    #: The fields that are compared.
    compared: Iterable[str] = ()

    def seen_of(self, current: Any) -> str:
        """What a page keeps of it, as JSON, to tell later whether that is still so."""
        raise NotImplementedError

    def value_now(self, name: str) -> str:
        """A field as it is now, in a sentence."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        """Refuse what somebody else changed meanwhile."""
        data = super().clean() or {}
        if data.get("seen") not in ("", self.seen_of(self.current)):
            self.overtaken(self.current)
        return data

    def overtaken(self, current: Any) -> None:
        """Tell what somebody else made of it, which the person has seen then."""
        self.current = current
        now = self.seen_of(current)
        self.add_error(None, "Somebody changed it since you looked. Nothing was written yet.")
        self._tell_changes(self.cleaned_data.get("seen") or "", json.loads(now))
        self.data = {**self.data.dict(), "seen": now}  # type: ignore[attr-defined]

    def _tell_changes(self, before: str, now: dict[str, Any]) -> None:
        try:
            was = json.loads(before)
        except (ValueError, RecursionError):
            return
        for name in self.compared:
            if isinstance(was, dict) and was.get(name) != now[name]:
                self.add_error(name, f"It is {self.value_now(name)} now.")
