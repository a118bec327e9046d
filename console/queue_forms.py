"""Forms of queues; the rules for their fields are the client's."""

import json
from typing import Any, ClassVar, cast

from django import forms

from client_core import DBOSClientError, NonExistentQueue, OwnedByAnotherApplication, Queue
from client_core.queue_rules import broken_limits
from client_core.queues import QueueLimits
from client_core.records import RateLimit
from console.once import OnceForm
from console.queue_words import shown_limit

_WHOLE = ("global_concurrency", "worker_concurrency")
_OF_PARTITIONS = ("partition_concurrency", "partition_worker_concurrency")
_RATES = {"limiter": "limiter_period", "partition_limiter": "partition_limiter_period"}
#: The limits as the client names them.
LIMITS = (*_WHOLE, *_OF_PARTITIONS, *_RATES, "polling_interval_seconds")


def _whole(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, help_text=help_text)


class QueueForm(OnceForm):
    """What there is to say about a queue; fields are named as the client's options."""

    repeats = True
    about: ClassVar = {OwnedByAnotherApplication: "name"}

    name = forms.CharField(
        label="Name", strip=False, help_text="No other queue of this database has it."
    )
    application_name = forms.CharField(
        label="Application",
        required=False,
        help_text="Left empty, every application of this database takes runs from it.",
        widget=forms.TextInput({"list": "applications"}),
    )
    global_concurrency = _whole(
        "Global concurrency", "Runs at once, over all executors. 0 puts the queue to rest."
    )
    worker_concurrency = _whole("Worker concurrency", "Runs at once on each executor.")
    limiter = _whole("Rate limit (starts)", "So many runs start at most …")
    limiter_period = forms.FloatField(
        label="Rate limit (seconds)", required=False, help_text="… in any period of so long."
    )
    partition_concurrency = _whole("Concurrency of a partition", "Runs at once in each.")
    partition_worker_concurrency = _whole(
        "Worker concurrency of a partition", "Runs at once of each, on each executor."
    )
    partition_limiter = _whole(
        "Rate limit of a partition (starts)", "So many runs of each start at most …"
    )
    partition_limiter_period = forms.FloatField(
        label="Rate limit of a partition (seconds)",
        required=False,
        help_text="… in any period of so long.",
    )
    polling_interval_seconds = forms.FloatField(
        label="Polling interval (seconds)",
        initial=1,
        help_text="How often an executor looks for runs.",
    )

    def clean(self) -> dict[str, Any]:
        """A rate is a number and a period; the client has the rules between the limits."""
        data = super().clean() or {}
        for field, period in _RATES.items():
            if (data.get(field) is None) != (data.get(period) is None) and not (
                {field, period} & self.errors.keys()
            ):
                empty = field if data.get(field) is None else period
                self.add_error(empty, "A rate limit is both, or neither.")
        if not self.errors.keys() - {"name", "application_name"}:
            for field, rule in broken_limits(self.limits).items():
                self.add_error(field, f"This {rule}.")
        return data

    @property
    def limits(self) -> QueueLimits:
        """What the client takes."""
        data = self.cleaned_data
        limits = {name: data[name] for name in LIMITS if name not in _RATES}
        for field, period in _RATES.items():
            count = data[field]
            limits[field] = None if count is None else RateLimit(count, data[period])
        return cast(QueueLimits, limits)

    @property
    def whole(self) -> list[forms.BoundField]:
        """The limits of the queue as a whole."""
        return [self[name] for name in (*_WHOLE, "limiter", "limiter_period")]

    @property
    def of_partitions(self) -> list[forms.BoundField]:
        """The limits of each partition."""
        names = (*_OF_PARTITIONS, "partition_limiter", "partition_limiter_period")
        return [self[name] for name in names]

    @property
    def partitions_open(self) -> bool:
        """Whether there is something in the fields of partitions."""
        return any(bound.value() or bound.errors for bound in self.of_partitions)


class QueueChangeForm(QueueForm):
    """A queue as it is, to be changed. Name and owner stay."""

    name = None  # type: ignore[assignment]
    application_name = None  # type: ignore[assignment]

    #: What the person saw, to tell what somebody else changed meanwhile.
    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, current: Queue) -> None:
        self.current = current
        initial = {name: getattr(current, name) for name in LIMITS if name not in _RATES}
        for field, period in _RATES.items():
            if rate := getattr(current, field):
                initial |= {field: rate.limit, period: _typed(rate.period_seconds)}
        initial["polling_interval_seconds"] = _typed(current.polling_interval_seconds)
        super().__init__(data, initial={**initial, "seen": seen(current)})

    def clean(self) -> dict[str, Any]:
        """Refuse what somebody else changed meanwhile."""
        data = super().clean()
        before = data.get("seen")
        if before and before != seen(self.current):
            self._tell_changes(before)
            self.data = {**self.data.dict(), "seen": seen(self.current)}  # type: ignore[attr-defined]
        return data

    @property
    def changes(self) -> QueueLimits:
        """What is otherwise than it was."""
        was = {name: getattr(self.current, name) for name in LIMITS}
        changed = {name: value for name, value in self.limits.items() if value != was[name]}
        return cast(QueueLimits, changed)

    def refused(self, error: DBOSClientError) -> None:
        """Of a queue that is gone there is no form."""
        if isinstance(error, NonExistentQueue):
            raise error
        super().refused(error)

    def _tell_changes(self, before: str) -> None:
        """Say beside each field what somebody else made of it."""
        self.add_error(None, "Somebody changed it since you looked. Nothing was written yet.")
        try:
            was = json.loads(before)
        except (ValueError, RecursionError):
            return
        now = json.loads(seen(self.current))
        for name in LIMITS:
            if isinstance(was, dict) and was.get(name) != now[name]:
                self.add_error(name, f"It is {shown_limit(getattr(self.current, name))} now.")


class QueueDeleteForm(OnceForm):
    """The question whether to delete a queue; where runs wait on it, its name confirms."""

    repeats = True

    confirmation = forms.CharField(required=False, strip=False)

    def __init__(self, data: Any, *, name: str, is_used: bool) -> None:
        super().__init__(data)
        self._name, self._is_used = name, is_used

    def clean_confirmation(self) -> str:
        """The name of the queue, where runs are on it."""
        typed: str = self.cleaned_data["confirmation"]
        if self._is_used and typed != self._name:
            raise forms.ValidationError("Type the name of the queue to delete it.")
        return typed


def _typed(seconds: float) -> float:
    """Seconds as people type them."""
    return int(seconds) if seconds % 1 == 0 else seconds


def seen(queue: Queue) -> str:
    """What a page keeps of a queue, to tell later whether that is still so."""
    kept = {name: getattr(queue, name) for name in LIMITS}
    for field in _RATES:
        if rate := kept[field]:
            kept[field] = [rate.limit, rate.period_seconds]
    return json.dumps({**kept, "created": queue.created_at})
