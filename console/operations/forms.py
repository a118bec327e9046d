"""The forms of operations: what to do with which runs, and the confirmation of a plan."""

import json
import uuid
from typing import Any

from django import forms
from django.utils import timezone

from client_core import WorkflowFilter
from console.fields import queue_field
from console.models import Operation
from console.operations import plans
from console.operations.kinds import KINDS
from console.workflows.search import parse

#: From so many runs on, their number has to be typed.
FEW = 100


class PlanForm(forms.Form):
    """What to do, and with which runs: those that were selected, or all that a search finds."""

    scope = forms.ChoiceField(
        choices=[("selected", "selected"), ("all", "all")], widget=forms.HiddenInput
    )
    q = forms.CharField(
        required=False, max_length=10_000, strip=False, widget=forms.HiddenInput, label="Search"
    )
    action = forms.ChoiceField(label="What to do", choices=[], widget=forms.RadioSelect)
    children = forms.BooleanField(
        label="The runs that they started too",
        required=False,
        help_text="For cancelling and deleting: at any depth, found when it happens.",
    )
    running = forms.BooleanField(
        label="Also those that count as running",
        required=False,
        help_text="For resuming: only if their executor is gone, or else steps may run twice.",
    )
    queue_name = queue_field("For resuming. Left empty, they run at once on DBOS's internal queue.")
    from_failure = forms.BooleanField(
        label="From the step that failed",
        required=False,
        help_text="For running again: what was recorded of the steps before it is kept, and not "
        "done again. Runs of which no failed step is recorded are refused.",
    )
    reason = forms.CharField(
        required=False,
        max_length=1_000,
        help_text="Kept with the operation and in the audit log, for those who come after you.",
    )
    #: A form that is sent twice plans once.
    form_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, data: Any, *, actions: list[str], ids: list[str], **options: Any) -> None:
        super().__init__(data, **options)
        self.ids = ids
        choices = [(action, KINDS[action].verb) for action in actions]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]
        self.filters: WorkflowFilter = {}

    @property
    def kinds(self) -> list[tuple[Any, Any]]:
        """Each action as a radio button, with what it means."""
        return [(button, KINDS[button.data["value"]]) for button in self["action"]]

    def clean(self) -> dict[str, Any]:
        """Read the search: what it means is fixed now."""
        data = super().clean() or {}
        if data.get("scope") == "selected":
            if not self.ids:
                raise forms.ValidationError("No run is selected: tick some in the list.")
            self.filters = {"workflow_ids": self.ids}
        else:
            search = parse(data.get("q", ""), zone=timezone.get_current_timezone())
            if search.problems:
                raise forms.ValidationError(list(search.problems))
            self.filters = search.filters
        if not _is_storable(plans.frozen(self.filters)):
            raise forms.ValidationError(
                "PostgreSQL cannot store this: a NUL, half a character, NaN."
            )
        return data

    def operation(self) -> Operation:
        """The operation that is asked for."""
        data = self.cleaned_data
        return Operation(
            id=data["form_id"],
            action=data["action"],
            parameters={name: data[name] for name in KINDS[data["action"]].asks if data[name]},
            search=data["q"].strip() if data["scope"] == "all" else "",
            filters=plans.frozen(self.filters),
            reason=data["reason"],
        )


def _is_storable(filters: dict[str, Any]) -> bool:
    try:
        text = json.dumps(filters, allow_nan=False, ensure_ascii=False)
        text.encode()
    except ValueError:
        return False
    return "\\u0000" not in text


class StartForm(forms.Form):
    """The confirmation of a plan: harder the more it changes, and in production."""

    reason = forms.CharField(required=False, max_length=1_000)
    number = forms.CharField(label="How many runs", required=False)

    def __init__(
        self, data: Any, *, runs: int, below: int = 0, is_production: bool, **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.runs = runs
        self.fields["reason"].required = is_production
        if runs + below > FEW or is_production:
            self.fields["number"].required = True
            self.fields["number"].help_text = f"Type {runs:,} to confirm."
            self.fields["number"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
        else:
            del self.fields["number"]

    def clean_number(self) -> str:
        """The number, with or without commas."""
        number: str = self.cleaned_data["number"]
        if number.replace(",", "").replace(" ", "") != str(self.runs):
            raise forms.ValidationError(f"This operation would act on {self.runs:,} runs.")
        return number
