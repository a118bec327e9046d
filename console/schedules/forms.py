"""Forms of schedules; the rules for their fields are the client's."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms

from client_core import (
    UNDEFINED,
    DBOSClientError,
    Dialect,
    DialectUnknown,
    InvalidCronExpression,
    InvalidOption,
    NonExistentSchedule,
    OwnedByAnotherApplication,
    RawValue,
    ScheduleExists,
    SerializationError,
    WorkflowSchedule,
)
from console.change_forms import ChangeForm
from console.fields import JSONText, MomentInput, dialect_field, queue_field
from console.masking import DOTS
from console.once import OnceForm
from console.workflows.likeness import as_typed, holds_dots, masked, plain, restored

#: The times that can be rehearsed.
SPANS: Mapping[str, timedelta] = {
    "6 hours": timedelta(hours=6),
    "day": timedelta(days=1),
    "3 days": timedelta(days=3),
    "week": timedelta(days=7),
}
#: More runs than these are started only by who types how many.
MANY = 100
#: Of a schedule that exists, what a person may change.
_CHANGES = (
    "schedule",
    "cron_timezone",
    "workflow_name",
    "workflow_class_name",
    "queue_name",
    "automatic_backfill",
)


class _Stating(forms.Form):
    """A form in which a person may say the language of the application."""

    @property
    def stated(self) -> Dialect | None:
        """The language that was chosen."""
        chosen: Dialect | None = self.cleaned_data["dialect"] or None
        return chosen


class ScheduleForm(_Stating, OnceForm):
    """What there is to say about a schedule; fields are named as the client's options."""

    about: ClassVar = {
        InvalidCronExpression: "schedule",
        DialectUnknown: "dialect",
        ScheduleExists: "schedule_name",
        OwnedByAnotherApplication: "schedule_name",
        SerializationError: "context",
    }

    schedule_name = forms.CharField(
        label="Name", strip=False, help_text="No other schedule of this database has it."
    )
    workflow_name = forms.CharField(
        help_text="As the application registered it.", widget=forms.TextInput({"list": "names"})
    )
    schedule = forms.CharField(
        label="Cron expression",
        help_text="Minute, hour, day, month, weekday; with six fields the seconds come first.",
        widget=forms.TextInput({"spellcheck": "false", "autocomplete": "off"}),
    )
    cron_timezone = forms.CharField(
        label="Time zone",
        required=False,
        help_text="Such as Europe/Berlin. Left empty: UTC, or in TypeScript that of the process.",
        widget=forms.TextInput({"list": "zones", "spellcheck": "false"}),
    )
    context = JSONText(
        required=False,
        help_text="JSON that every run gets as its second argument.",
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
    )
    queue_name = queue_field("Left empty, its runs wait on DBOS's internal queue.")
    workflow_class_name = forms.CharField(label="Class", required=False)
    application_name = forms.CharField(
        label="Application",
        required=False,
        help_text="Left empty, every application of this database runs it.",
        widget=forms.TextInput({"list": "applications"}),
    )
    automatic_backfill = forms.BooleanField(
        label="Start what was missed",
        required=False,
        help_text="When its application was down.",
    )
    dialect = dialect_field("It decides what the expression means.")

    essential: tuple[str, ...] = ("schedule_name", "workflow_name", "schedule", "cron_timezone")

    @property
    def definition(self) -> dict[str, Any]:
        """What the client takes for a new schedule."""
        named = (*_CHANGES, "schedule_name", "application_name")
        given = {name: self.cleaned_data[name] or None for name in named}
        given["automatic_backfill"] = self.cleaned_data["automatic_backfill"]
        if self.data.get("context", "").strip():
            given["context"] = self.cleaned_data["context"]
        return given

    @property
    def further(self) -> list[forms.BoundField]:
        """The fields that most schedules do without."""
        return [one for one in self.visible_fields() if one.name not in (*self.essential, "reason")]


class ScheduleChangeForm(ChangeForm, ScheduleForm):
    """A schedule as it is, to be changed. Name and owner stay."""

    compared = (*_CHANGES, "context")
    schedule_name = None  # type: ignore[assignment]
    application_name = None  # type: ignore[assignment]
    essential = ("workflow_name", "schedule", "cron_timezone")

    def __init__(self, data: Any, *, current: WorkflowSchedule) -> None:
        self.current = current
        self._context = shown_context(current)
        initial = {name: getattr(current, name) for name in _CHANGES}
        initial |= {"context": self._context, "seen": self.seen_of(current)}
        super().__init__(data, initial=initial)
        if self._context is None:
            self.fields["context"].help_text = "It is no JSON: left empty, it stays as it is."

    def clean(self) -> dict[str, Any]:
        """Put what is hidden where dots stand for it."""
        data = super().clean()
        if holds_dots(data.get("context")):
            try:
                data["context"] = restored(data["context"], plain(self.current.context))
            except (LookupError, RecursionError, ValueError):
                text = f"{DOTS} stands for something hidden that is not here: type it whole."
                self.add_error("context", text)
        return data

    @property
    def changes(self) -> dict[str, Any]:
        """What is otherwise than it was."""
        typed = {name: self.cleaned_data[name] or None for name in _CHANGES}
        typed["automatic_backfill"] = self.cleaned_data["automatic_backfill"]
        changed = {
            name: value
            for name, value in typed.items()
            if value != (getattr(self.current, name) or (False if value is False else None))
        }
        text = self.data.get("context", "").strip()
        if text and text != self._context:
            changed["context"] = self.cleaned_data["context"]
        return changed

    def seen_of(self, current: WorkflowSchedule) -> str:
        """What may be changed, its context by a digest alone."""
        kept = {name: getattr(current, name) for name in _CHANGES}
        context = hashlib.sha256((shown_context(current) or "").encode()).hexdigest()
        return json.dumps({**kept, "context": context, "revision": current.revision})

    def value_now(self, name: str) -> str:
        """A field as it is now, in a sentence."""
        value = shown_context(self.current) if name == "context" else getattr(self.current, name)
        return str(value or "empty")


class RehearsalForm(forms.Form):
    """Which time of which schedules is rehearsed."""

    USUAL: ClassVar = "day"

    span = forms.CharField(required=False, widget=forms.HiddenInput)
    q = forms.CharField(required=False, max_length=1_000, label="Schedules")
    begin = forms.DateTimeField(label="From", required=False, widget=MomentInput())
    paused = forms.BooleanField(label="Paused ones too, as if resumed", required=False)

    def clean_span(self) -> str:
        """One of those there are."""
        chosen: str = self.cleaned_data["span"]
        return chosen if chosen in SPANS else self.USUAL

    def clean_begin(self) -> datetime | None:
        """A time that calendars are sure of."""
        begin: datetime | None = self.cleaned_data["begin"]
        if begin and not 2000 <= begin.year < 2100:
            raise forms.ValidationError("Choose a moment between the years 2000 and 2100.")
        return begin


class ScheduleActForm(OnceForm):
    """The question whether to do something to a schedule."""

    repeats = True
    gone = (NonExistentSchedule,)


class TriggerForm(_Stating, ScheduleActForm):
    """The question whether to start a run now, which is no act to repeat blindly."""

    repeats = False
    about: ClassVar = {DialectUnknown: "dialect"}

    dialect = dialect_field()


class BackfillForm(_Stating, ScheduleActForm):
    """The window whose runs are made up for, and a sign that so many are meant."""

    about: ClassVar = {DialectUnknown: "dialect"}

    start = forms.DateTimeField(label="After", widget=MomentInput(), help_text="In your time zone.")
    end = forms.DateTimeField(label="Before", widget=MomentInput())
    dialect = dialect_field()
    confirmation = forms.CharField(required=False)
    #: The window of which the person saw what would be started.
    previewed = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The end comes after the start."""
        data = super().clean() or {}
        if not self.errors and data["start"] >= data["end"]:
            self.add_error("end", "This must be later than the start.")
        return data

    @property
    def window(self) -> tuple[datetime, datetime]:
        """From when to when, both exclusive."""
        return self.cleaned_data["start"], self.cleaned_data["end"]

    @property
    def asked(self) -> str:
        """The window as a page keeps it."""
        return " ".join(moment.isoformat() for moment in self.window)

    def assert_meant(self, count: int) -> None:
        """Add an error unless the person saw what would be started, and confirms many."""
        if self.cleaned_data["previewed"] != self.asked:
            self.add_error(None, "Below is what this would start: look first.")
        elif count > MANY and self.cleaned_data["confirmation"].replace(",", "") != str(count):
            self.add_error("confirmation", f"Type {count} to start so many.")

    def refused(self, error: DBOSClientError) -> None:
        """Too many are too long a window."""
        if isinstance(error, InvalidOption) and "limit" in error.problems:
            rule = error.problems["limit"]
            self.add_error("end", f"{rule[0].upper()}{rule[1:]}: choose a shorter one.")
        else:
            super().refused(error)


def shown_context(schedule: WorkflowSchedule) -> str | None:
    """The context as people type it, with dots for its secrets; None where it is no JSON."""
    if isinstance(schedule.context, RawValue):
        return None
    if schedule.context is UNDEFINED:
        return ""
    try:
        return as_typed(masked(plain(schedule.context)))
    except (ValueError, RecursionError):
        return None
