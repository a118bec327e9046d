"""The form of a set of schedules that is applied."""

from typing import Any, ClassVar, cast

from django import forms

from client_core import (
    DBOSClientError,
    DialectUnknown,
    InvalidOption,
    ScheduleDefinition,
    ScheduleDifference,
    WorkflowSchedule,
)
from console.fields import dialect_field
from console.once import OnceForm
from console.schedules import sets
from console.schedules.sets import MOST_BYTES, ScheduleSet, WrongSet
from console.schedules.wishes import Applied
from console.workflows.likeness import holds_dots


class ApplyForm(OnceForm):
    """A set, pasted or as a file; first it shows what it changes, then it applies that."""

    repeats = True
    about: ClassVar = {DialectUnknown: "dialect"}

    document = forms.CharField(
        label="Schedules",
        required=False,
        help_text="JSON, as the export writes it.",
        widget=forms.Textarea({"rows": 14, "spellcheck": "false", "class": "code"}),
    )
    upload = forms.FileField(
        label="Or a file",
        required=False,
        allow_empty_file=True,
        help_text="It takes the place of what is typed.",
        widget=forms.FileInput({"accept": ".json,application/json"}),
    )
    application_name = forms.CharField(
        label="Application",
        required=False,
        help_text="Of the schedules that name none. Left empty, nobody owns these.",
        widget=forms.TextInput({"list": "applications"}),
    )
    dialect = dialect_field("It decides what expressions mean.")
    prune = forms.BooleanField(label="Delete what the set leaves out", required=False)
    #: The difference that the person saw.
    previewed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, files: Any, *, may_delete: bool, initial: Any = None) -> None:
        super().__init__(data, files, initial=initial)
        self._set = ScheduleSet()
        self._owner: str | None = None
        if not may_delete:
            self.fields["prune"].disabled = True
            self.fields["prune"].help_text = "Only administrators delete schedules."

    def clean(self) -> dict[str, Any]:
        """Read the set, and keep the text of a file for the next step."""
        data = super().clean() or {}
        try:
            if upload := data.get("upload"):
                data["document"] = _text_of(upload)
                self.data = {**self.data.dict(), "document": data["document"]}  # type: ignore[attr-defined]
            if not (data.get("document") or "").strip():
                raise WrongSet(["Paste a set of schedules, or choose a file."])
            self._set = sets.read(data["document"])
        except WrongSet as error:
            self.wrong(error)
        try:
            self._owner = self._set.owner(data.get("application_name", ""))
        except WrongSet as error:
            self.add_error("application_name", str(error))
        return data

    @property
    def schedules(self) -> list[dict[str, Any]]:
        """The schedules of the set."""
        return self._set.schedules

    @property
    def wish(self) -> Applied:
        """What is to be there."""
        return Applied(
            cast(list[ScheduleDefinition], self.schedules),
            self._owner,
            self.cleaned_data["prune"],
            self.cleaned_data["dialect"] or None,
        )

    @property
    def has_dots(self) -> bool:
        """Whether something in it stands for what is in the database."""
        return any(holds_dots(one.get("context")) for one in self.schedules)

    def fill_in(self, there: list[WorkflowSchedule]) -> None:
        """Put what is in the database where the set has dots for it."""
        try:
            sets.with_secrets(self.schedules, there)
        except WrongSet as error:
            self.wrong(error)

    def wrong(self, error: WrongSet) -> None:
        """Say everything that is wrong with the set."""
        self.add_error("document", forms.ValidationError(list(error.problems)))

    def refused(self, error: DBOSClientError) -> None:
        """Put what is wrong with the set beside it, with its place."""
        if isinstance(error, InvalidOption):
            self.wrong(WrongSet(sets.with_paths(error.problems)))
        else:
            super().refused(error)

    def was_seen(self, difference: ScheduleDifference) -> bool:
        """Whether the person saw this difference; if not, the form says so."""
        seen = self.cleaned_data["previewed"]
        if not seen:
            self.add_error(None, "Below is what this would change: look first.")
        elif seen != difference.revision:
            self.overtaken()
        return bool(seen == difference.revision)

    def overtaken(self) -> None:
        """Say that it would change other things now."""
        text = "The schedules or the set were changed since you looked. Nothing was applied:"
        self.add_error(None, f"{text} below is what it would change now.")


def _text_of(upload: Any) -> str:
    """The text of a file, read no further than a set may go."""
    if upload.size > MOST_BYTES:
        rule = f"The file must have at most {MOST_BYTES:,} bytes, and has {upload.size:,}."
        raise WrongSet([rule])
    try:
        return str(upload.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise WrongSet([f"The file is no text in UTF-8: {error.reason}."]) from error
