"""Forms: what a person typed → what client_core takes. The client's rules are not repeated here."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from django import forms

from client_core import (
    ConflictingWorkflow,
    DBOSClientError,
    EnqueueOptions,
    InvalidOption,
    NonExistentWorkflow,
    QueueDeduplicated,
    SerializationError,
    StatusString,
)
from console.columns import COLUMNS
from console.likeness import Original, holds_dots, restored
from console.masking import DOTS
from console.preferences import zone_names
from console.search import Search, typed_term

FORMATS = [
    ("portable_json", "Portable JSON (any language)"),
    ("py_pickle", "Python pickle"),
    ("js_superjson", "TypeScript superjson"),
]


class JSONText(forms.CharField):
    """A text field that holds JSON; what was typed stays in it when it is wrong."""

    widget = forms.Textarea

    def __init__(self, *, kind: type | None = None, example: str = "", **options: Any) -> None:
        super().__init__(strip=True, **options)
        self.kind = kind
        self.example = example

    def clean(self, value: Any) -> Any:
        """The parsed value; an empty field is an empty array or object, where one is wanted."""
        text = super().clean(value)
        if not text and self.kind is not None:
            return self.kind()
        try:
            parsed = json.loads(text, parse_constant=_refuse_constant)
        except RecursionError as error:
            raise forms.ValidationError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise forms.ValidationError(f"This is no JSON: {error}.") from error
        if self.kind is not None and not isinstance(parsed, self.kind):
            shape = "array" if self.kind is list else "object"
            raise forms.ValidationError(f"This must be a JSON {shape}, such as {self.example}")
        return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


class EnqueueForm(forms.Form):
    """Everything that may be said about a new run; fields are named as EnqueueOptions'."""

    workflow_name = forms.CharField(
        help_text="As the application registered it.", widget=forms.TextInput({"list": "names"})
    )
    queue_name = forms.CharField(label="Queue", widget=forms.TextInput({"list": "queues"}))
    args = JSONText(
        label="Positional arguments",
        kind=list,
        example='["ann", 3]',
        required=False,
        help_text='A JSON array, such as ["ann", 3].',
        widget=forms.Textarea({"rows": 4, "spellcheck": "false"}),
    )
    kwargs = JSONText(
        label="Named arguments",
        kind=dict,
        example='{"gift": true}',
        required=False,
        help_text='A JSON object, such as {"gift": true}.',
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
    )
    workflow_id = forms.CharField(
        label="Workflow ID",
        required=False,
        strip=False,
        help_text="Starting the same ID twice starts one run. Left empty, one is made.",
    )
    app_version = forms.CharField(
        label="Application version", required=False, help_text="Left empty, the latest runs it."
    )
    workflow_class_name = forms.CharField(label="Class", required=False)
    workflow_config_name = forms.CharField(label="Configured instance", required=False)
    deduplication_id = forms.CharField(
        label="Deduplication ID",
        required=False,
        help_text="One run of the queue at a time may hold it.",
    )
    duplication_policy = forms.ChoiceField(
        label="If it is held",
        choices=[("reject", "say so"), ("return-existing", "show the run that holds it")],
        initial="reject",
        required=False,
    )
    priority = forms.IntegerField(
        required=False, help_text="1 to 2,147,483,647, low first; without one it goes first."
    )
    delay_seconds = forms.FloatField(label="Delay (seconds)", required=False)
    workflow_timeout_ms = forms.IntegerField(
        label="Time-out (milliseconds)", required=False, help_text="From dequeue to deadline."
    )
    queue_partition_key = forms.CharField(
        label="Partition key", required=False, help_text="For partitioned queues only."
    )
    serialization = forms.ChoiceField(
        label="Format of the arguments",
        choices=FORMATS,
        initial="portable_json",
        required=False,
    )
    attributes = JSONText(
        kind=dict,
        example='{"customer": "ann"}',
        required=False,
        help_text='A JSON object to find it by, such as {"customer": "ann"}.',
        widget=forms.Textarea({"rows": 2, "spellcheck": "false"}),
    )
    application_name = forms.CharField(
        label="Application", required=False, help_text="Left empty, any may run it."
    )
    authenticated_user = forms.CharField(
        label="On behalf of", required=False, help_text="A user; the application sees it."
    )
    authenticated_roles = JSONText(
        label="With the roles",
        kind=list,
        example='["clerk"]',
        required=False,
        help_text='A JSON array, such as ["clerk"].',
        widget=forms.TextInput({"spellcheck": "false"}),
    )
    #: The run that it is to be like; its secrets are in the fields as dots alone.
    like = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    #: Makes a form that is sent twice start one run, when no ID was typed.
    form_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)

    essential = ("workflow_name", "queue_name", "args", "kwargs")

    def __init__(
        self, data: Any = None, *, original: Callable[[str], Original | None], **options: Any
    ) -> None:
        super().__init__(data, **options)
        self._original = original

    def clean(self) -> dict[str, Any]:
        """Add ``options``, or put each rule that is broken beside its field."""
        data = super().clean() or {}
        self._restore(data)
        fields = EnqueueOptions.__dataclass_fields__.keys() & self.fields.keys()
        given = {name: data[name] for name in fields if data.get(name) not in (None, "", [], {})}
        required = {name: data.get(name, "") for name in ("workflow_name", "queue_name")}
        if not data.get("workflow_id") and data.get("form_id"):
            given["workflow_id"] = str(data["form_id"])
        try:
            data["options"] = EnqueueOptions(**{**required, **given})
        except InvalidOption as error:
            for field, rule in error.problems.items():
                if field not in self.errors:
                    self.add_error(field, f"This {rule}.")
        return data

    def _restore(self, data: dict[str, Any]) -> None:
        """Put the secrets of the run that it is like where the dots for them still stand."""
        places = ("args", "kwargs", "attributes")
        hidden = [name for name in places if name in data and holds_dots(data[name])]
        original = self._original(data["like"]) if data.get("like") and hidden else None
        for name in hidden if original else ():
            try:
                data[name] = restored(data[name], getattr(original, name))
            except (LookupError, RecursionError):
                text = f"{DOTS} stands for something hidden that is not here: type it whole."
                self.add_error(name, text)

    def refused(self, error: DBOSClientError) -> None:
        """Put what the database said beside the field that it is about."""
        fields = {
            ConflictingWorkflow: "workflow_id",
            QueueDeduplicated: "deduplication_id",
            # Its message begins with the place of the value.
            SerializationError: "kwargs" if str(error).startswith("kwargs") else "args",
        }
        self.add_error(fields.get(type(error)), str(error))

    @property
    def further(self) -> list[forms.BoundField]:
        """The fields that most runs do without."""
        return [field for field in self.visible_fields() if field.name not in self.essential]

    @property
    def further_open(self) -> bool:
        """Whether one of those was used or is wrong, so that it must be in sight."""
        return any(
            field.errors or field.value() not in ("", None, field.field.initial)
            for field in self.further
        )


class SendForm(forms.Form):
    """A message to a workflow."""

    destination_id = forms.CharField(label="To the workflow with the ID", strip=False)
    topic = forms.CharField(
        required=False, strip=False, help_text="As the workflow's recv names it; empty is none."
    )
    message = JSONText(
        help_text='A JSON value, such as {"approved": true}. Text stands in quotes: "yes".',
        widget=forms.Textarea({"rows": 5, "spellcheck": "false"}),
    )
    serialization = forms.ChoiceField(
        label="Format of the message", choices=FORMATS, initial="portable_json", required=False
    )
    idempotency_key = forms.CharField(
        label="Idempotency key",
        initial=uuid.uuid4,
        help_text="A message is sent once with it, however often it is sent.",
    )

    def refused(self, error: DBOSClientError) -> None:
        """Put what the database said beside the field that it is about."""
        if isinstance(error, InvalidOption):
            for field, rule in error.problems.items():
                self.add_error(field if field in self.fields else None, f"This {rule}.")
        else:
            fields = {NonExistentWorkflow: "destination_id", SerializationError: "message"}
            self.add_error(fields.get(type(error)), str(error))


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
