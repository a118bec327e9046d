"""Forms that start runs and speak to them: what a person typed → what client_core takes.

The client's rules are not repeated here.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms

from client_core import (
    INTERNAL_QUEUE_NAME,
    ConflictingWorkflow,
    DBOSClientError,
    DialectUnknown,
    EnqueueOptions,
    InvalidOption,
    NonExistentWorkflow,
    QueueDeduplicated,
    SerializationError,
    SystemDatabaseError,
)
from console.fields import JSONText, dialect_field, queue_field
from console.masking import DOTS
from console.once import OnceForm
from console.workflows.likeness import Original, holds_dots, restored

FORMATS = [
    ("portable_json", "Portable JSON (any language)"),
    ("py_pickle", "Python pickle"),
    ("js_superjson", "TypeScript superjson"),
]


class EnqueueForm(OnceForm):
    """Everything that may be said about a new run; fields are named as EnqueueOptions'."""

    repeats = True
    about: ClassVar = {ConflictingWorkflow: "workflow_id", QueueDeduplicated: "deduplication_id"}

    workflow_name = forms.CharField(
        help_text="As the application registered it.",
        widget=forms.TextInput(
            {
                "list": "names",
                "hx-get": "",
                "hx-trigger": "change",
                "hx-target": "#past",
                "hx-swap": "outerHTML",
            }
        ),
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
        label="Application version",
        required=False,
        help_text="Left empty, the latest runs it.",
        widget=forms.TextInput({"list": "versions"}),
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
        label="Application",
        required=False,
        help_text="Left empty, any may run it.",
        widget=forms.TextInput({"list": "applications"}),
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

    #: What of it the person enqueues in spite of a doubt; see :meth:`asks_back`.
    anyway = forms.CharField(required=False, widget=forms.HiddenInput)

    heading = "Enqueue a workflow"
    button = "Enqueue"
    url_name = "workflow-enqueue"
    essential: tuple[str, ...] = ("workflow_name", "queue_name", "args", "kwargs")
    #: The queue where none is named.
    unnamed_queue = ""
    #: Names what is doubted, for the button that enqueues it anyway.
    doubted = ""

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
        required = {
            "workflow_name": data.get("workflow_name", ""),
            "queue_name": data.get("queue_name") or self.unnamed_queue,
        }
        if not data.get("workflow_id") and self.act_id:
            given["workflow_id"] = str(self.act_id)
        try:
            data["options"] = EnqueueOptions(**{**required, **given})
        except InvalidOption as error:
            for field, rule in error.problems.items():
                if field not in self.errors:
                    self.add_error(field if field in self.fields else None, f"This {rule}.")
        return data

    def _restore(self, data: dict[str, Any]) -> None:
        """Put the secrets of the run that it is like where the dots for them still stand."""
        places = ("args", "kwargs", "attributes")
        hidden = [name for name in places if name in data and holds_dots(data[name])]
        try:
            original = self._original(data["like"]) if data.get("like") and hidden else None
        except SystemDatabaseError as error:
            self.not_taken(error)
            return
        for name in hidden if original else ():
            try:
                data[name] = restored(data[name], getattr(original, name))
            except (LookupError, RecursionError):
                text = f"{DOTS} stands for something hidden that is not here: type it whole."
                self.add_error(name, text)

    def asks_back(self, doubts: dict[str, str]) -> bool:
        """Put what is doubted beside its field, unless the person has seen just that."""
        text = json.dumps(doubts, sort_keys=True)
        self.doubted = hashlib.sha256(text.encode()).hexdigest()[:16] if doubts else ""
        if self.cleaned_data["anyway"] in (self.doubted, "yes"):
            return False
        for field, doubt in doubts.items():
            self.add_error(field if field in self.fields else None, doubt)
        return bool(doubts)

    def refused(self, error: DBOSClientError) -> None:
        """Put what the database said beside the field that it is about."""
        if isinstance(error, SerializationError):
            # Its message begins with the place of the value.
            self.add_error("kwargs" if str(error).startswith("kwargs") else "args", str(error))
        else:
            super().refused(error)

    @property
    def named(self) -> list[forms.BoundField]:
        """What most runs are said to be, but for their arguments."""
        return [self[name] for name in self.essential if name not in ("args", "kwargs")]

    @property
    def further(self) -> list[forms.BoundField]:
        """The fields that most runs do without."""
        return [
            field
            for field in self.visible_fields()
            if field.name not in (*self.essential, "reason")
        ]

    @property
    def further_open(self) -> bool:
        """Whether one of those was used or is wrong, so that it must be in sight."""
        return any(
            field.errors or field.value() not in ("", None, field.field.initial)
            for field in self.further
        )


class DebounceForm(EnqueueForm):
    """A call to debounce: the last one within a period has its way.

    It owns the deduplication ID and the delay of its run, which has neither priority nor partition.
    """

    # A repeated call is another one, which puts the run off.
    repeats = False
    about: ClassVar = {
        ConflictingWorkflow: "workflow_id",
        DialectUnknown: "dialect",
        QueueDeduplicated: "debounce_key",
    }

    heading = "Debounce a workflow"
    button = "Debounce"
    url_name = "workflow-debounce"
    essential = (
        "workflow_name",
        "debounce_key",
        "debounce_period_ms",
        "debounce_timeout_ms",
        "args",
        "kwargs",
    )
    unnamed_queue = INTERNAL_QUEUE_NAME

    debounce_key = forms.CharField(
        label="Key", strip=False, help_text="Calls with the same key are debounced together."
    )
    debounce_period_ms = forms.IntegerField(
        label="Period (milliseconds)",
        initial=5_000,
        help_text="The run starts when no further call came for so long.",
    )
    debounce_timeout_ms = forms.IntegerField(
        label="At the latest after (milliseconds)",
        required=False,
        help_text="Counted from the first call. Left empty, every call puts it off.",
    )
    queue_name = queue_field("Left empty, it runs on DBOS's internal queue.")
    dialect = dialect_field("It decides how the key is spelled.")
    deduplication_id = None  # type: ignore[assignment]
    duplication_policy = None  # type: ignore[assignment]
    delay_seconds = None  # type: ignore[assignment]
    priority = None  # type: ignore[assignment]
    queue_partition_key = None  # type: ignore[assignment]


class SendForm(OnceForm):
    """A message to a workflow."""

    about: ClassVar = {NonExistentWorkflow: "destination_id", SerializationError: "message"}

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
        required=False,
        help_text="A message is sent once with it. Left empty, one is made for this form.",
    )
