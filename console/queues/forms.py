"""Forms of queues; the rules for their fields are the client's."""

import json
from typing import Any, ClassVar, cast

from django import forms

from client_core import NonExistentQueue, OwnedByAnotherApplication, Queue
from client_core.queue_rules import broken_limits
from client_core.queues import QueueLimits
from client_core.records import RateLimit
from console.change_forms import ChangeForm
from console.once import OnceForm
from console.queues.words import shown_limit

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


class QueueChangeForm(ChangeForm, QueueForm):
    """A queue as it is, to be changed. Name and owner stay."""

    gone = (NonExistentQueue,)
    compared = LIMITS
    name = None  # type: ignore[assignment]
    application_name = None  # type: ignore[assignment]

    def __init__(self, data: Any, *, current: Queue) -> None:
        self.current = current
        initial = {name: getattr(current, name) for name in LIMITS if name not in _RATES}
        for field, period in _RATES.items():
            if rate := getattr(current, field):
                initial |= {field: rate.limit, period: _typed(rate.period_seconds)}
        initial["polling_interval_seconds"] = _typed(current.polling_interval_seconds)
        super().__init__(data, initial={**initial, "seen": self.seen_of(current)})

    @property
    def changes(self) -> QueueLimits:
        """What is otherwise than it was."""
        was = {name: getattr(self.current, name) for name in LIMITS}
        changed = {name: value for name, value in self.limits.items() if value != was[name]}
        return cast(QueueLimits, changed)

    def seen_of(self, current: Queue) -> str:
        """Its limits, and when it was registered."""
        kept = {name: getattr(current, name) for name in LIMITS}
        for field in _RATES:
            if rate := kept[field]:
                kept[field] = [rate.limit, rate.period_seconds]
        return json.dumps({**kept, "created": current.created_at})

    def value_now(self, name: str) -> str:
        """A limit as it is now, in a sentence."""
        return shown_limit(getattr(self.current, name))


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
