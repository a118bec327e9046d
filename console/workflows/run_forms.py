"""Forms that act on one run. Each knows what the person saw, and acts once however often sent."""

import uuid
from typing import Any, ClassVar

from django import forms

from client_core import ConflictingWorkflow, NonExistentWorkflow, WorkflowStatus
from console.digits import whole_number
from console.fields import MomentInput, queue_field
from console.once import OnceForm
from console.workflows.second_look import changed, seen


class ActForm(OnceForm):
    """What every form that acts on a run has."""

    gone = (NonExistentWorkflow,)

    #: Whether it has to look at the run, also when the person has not.
    always_looks = False

    #: What the person saw of the run.
    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def look_again(self, run: WorkflowStatus) -> None:
        """Say what changed of the run since the person looked, and ask again."""
        before = self.cleaned_data.get("seen")
        if before and (sentence := changed(before, run)):
            self.add_error(None, f"{sentence} Nothing was done: look, then decide again.")
            self.show(run)

    def show(self, run: WorkflowStatus) -> None:
        """Keep what the person sees now."""
        if self.is_bound:
            self.data = {**self.data.dict(), "seen": seen(run)}  # type: ignore[attr-defined]
        else:
            self.initial["seen"] = seen(run)

    def assert_confirmed(self, run: WorkflowStatus) -> None:
        """Add an error where the run asks for more than a click."""


def _with_children() -> forms.BooleanField:
    return forms.BooleanField(
        label="The runs that it started too", required=False, help_text="At any depth."
    )


class CancelForm(ActForm):
    """Whether what it started is cancelled too."""

    with_children = _with_children()


class ResumeForm(ActForm):
    """Where a resumed workflow goes on."""

    queue_name = queue_field("Left empty, it runs at once on DBOS's internal queue.")


class ForkForm(ActForm):
    """Where a fork begins, and how it runs; fields are named as the client's options."""

    repeats = True
    about: ClassVar = {ConflictingWorkflow: "new_workflow_id"}

    start_step = forms.IntegerField(
        label="From the step",
        min_value=0,
        max_value=2**31 - 1,
        help_text="Its number in the table of steps. All before it is copied.",
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )
    application_version = forms.CharField(
        label="Application version",
        required=False,
        widget=forms.TextInput({"list": "versions"}),
        help_text="Left empty, the latest runs it.",
    )
    queue_name = queue_field("Left empty, it runs at once on DBOS's internal queue.")
    queue_partition_key = forms.CharField(
        label="Partition key", required=False, help_text="For partitioned queues only."
    )
    workflow_timeout_ms = forms.IntegerField(
        label="Time-out (milliseconds)", required=False, help_text="From dequeue to deadline."
    )
    new_workflow_id = forms.CharField(
        label="ID of the new run",
        required=False,
        strip=False,
        initial=uuid.uuid4,
        help_text="The same one twice makes one run. Left empty, an ID is made.",
    )
    #: The start whose preview the person saw.
    previewed = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Refuse a start that the person has not seen the preview of."""
        data = super().clean() or {}
        start, seen_start = data.get("start_step"), data.get("previewed")
        if None not in (start, seen_start) and start != seen_start:
            self.add_error("start_step", f"Below is now what a fork from {start} does: look first.")
        return data

    @property
    def options(self) -> dict[str, Any]:
        """What the client takes beside the step."""
        named = ("application_version", "queue_name", "queue_partition_key")
        given = {name: self.cleaned_data[name] or None for name in named}
        made = str(self.act_id or uuid.uuid4())
        given["new_workflow_id"] = self.cleaned_data["new_workflow_id"] or made
        return given | {"workflow_timeout_ms": self.cleaned_data["workflow_timeout_ms"]}

    @property
    def shown_start(self) -> int | None:
        """The start that the page shows a preview of."""
        return whole_number(str(self["start_step"].value()))


class DeleteForm(ActForm):
    """Whether what it started goes too, and for what still runs a sign that it is meant."""

    always_looks = True

    with_children = _with_children()
    confirmation = forms.CharField(required=False)

    def assert_confirmed(self, run: WorkflowStatus) -> None:
        """An active run is deleted only by who types the end of its ID."""
        if run.is_active and self.cleaned_data["confirmation"] != id_end(run.workflow_id):
            self.add_error(
                "confirmation", f"Type {id_end(run.workflow_id)} to delete a run that is not over."
            )


def id_end(workflow_id: str) -> str:
    """The part of an ID that is typed to confirm."""
    return workflow_id.strip()[-6:].strip()


class DelayForm(ActForm):
    """Until when a run waits: for so many seconds from now, or until a moment."""

    delay_seconds = forms.FloatField(
        label="Start in (seconds)", required=False, help_text="From now on; 0 lets it start."
    )
    until = forms.DateTimeField(
        label="Or start at",
        required=False,
        widget=MomentInput(),
        help_text="In your time zone.",
    )

    def clean(self) -> dict[str, Any]:
        """Exactly one of the two."""
        data = super().clean() or {}
        given = [data.get("delay_seconds") is not None, data.get("until") is not None]
        if not self.errors and sum(given) != 1:
            self.add_error("delay_seconds", "Give either seconds or a moment.")
        return data

    @property
    def delay(self) -> dict[str, Any]:
        """What the client takes."""
        if until := self.cleaned_data["until"]:
            return {"delay_until_epoch_ms": round(until.timestamp() * 1_000)}
        return {"delay_seconds": self.cleaned_data["delay_seconds"]}


class PriorityForm(ActForm):
    """Where a run stands on its queue."""

    priority = forms.IntegerField(help_text="1 to 2,147,483,647, low first.")
