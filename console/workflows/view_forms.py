"""Forms that change what a person sees, and write nothing of an application's."""

from typing import Any

from django import forms

from client_core import StatusString
from console.preferences import zone_names
from console.workflows.columns import COLUMNS
from console.workflows.search import Search, typed_term


class ComparisonForm(forms.Form):
    """Two runs to compare."""

    a = forms.CharField(label="A: the ID of a run", strip=True)
    b = forms.CharField(label="B: the ID of another run", strip=True)


class PreferencesForm(forms.Form):
    """What a person prefers."""

    zone = forms.CharField(
        label="Time zone",
        widget=forms.TextInput({"list": "zones", "spellcheck": "false"}),
        help_text="Of every time that the console shows or is given, such as Europe/Berlin.",
    )
    columns = forms.MultipleChoiceField(
        label="Columns of the list of workflows",
        choices=[(column.key, column.label) for column in COLUMNS.values()],
        widget=forms.CheckboxSelectMultiple,
    )

    @property
    def zones(self) -> list[str]:
        """The zones to choose from."""
        return sorted(zone_names())

    def clean_zone(self) -> str:
        """A zone that there is."""
        zone: str = self.cleaned_data["zone"]
        if zone not in zone_names():
            raise forms.ValidationError("There is no such zone; Europe/Berlin is one, UTC another.")
        return zone


class SaveViewForm(forms.Form):
    """The name of a search."""

    q = forms.CharField(label="Search", max_length=2_000)
    name = forms.CharField(max_length=60)
    share = forms.BooleanField(
        label="Share it", required=False, help_text="Everybody who may look sees it."
    )

    def __init__(self, *args: Any, may_share: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not may_share:
            del self.fields["share"]


class FilterForm(forms.Form):
    """The search as a form: each field is a term of the line, by its key."""

    status = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any"),
            *((word, word.replace("_", " ").capitalize()) for word in map(str.lower, StatusString)),
        ],
    )
    name = forms.CharField(required=False, widget=forms.TextInput({"list": "names"}))
    queue = forms.CharField(required=False, widget=forms.TextInput({"list": "queues"}))
    created = forms.CharField(
        required=False,
        widget=forms.TextInput({"list": "times"}),
        help_text="<2h, >3d, 2026-11-20, 2026-11-20..21",
    )
    completed = forms.CharField(required=False, widget=forms.TextInput({"list": "times"}))
    app = forms.CharField(label="Application", required=False)
    version = forms.CharField(required=False)
    schedule = forms.CharField(required=False)
    user = forms.CharField(required=False)
    executor = forms.CharField(required=False)

    def __init__(self, data: Any = None, *, search: Search) -> None:
        initial, self._others = search.fields(self.base_fields)
        super().__init__(data, initial=initial, auto_id="filter-%s")

    def line(self) -> str:
        """The line that says the same, with the terms that have no field here."""
        self.full_clean()
        typed = {name: self.data.get(name, "").strip() for name in self.fields}
        terms = [typed_term(name, value) for name, value in typed.items() if value]
        return " ".join([*self._others, *terms])
