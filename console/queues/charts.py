"""A queue over time, as bars of an SVG: how many runs started, and how long they had waited."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from client_core import QueueHistory, QueueSlot
from console.templatetags.console import in_words

#: The times to choose from: so many slots of so many milliseconds.
PERIODS = {"hour": (60, 60_000), "day": (48, 1_800_000)}
USUAL = "hour"
WIDTH = 600
HEIGHT = 48


@dataclass(frozen=True, slots=True)
class Bar:
    """What started in one slot: its place, and the height of each of its bars."""

    x: float
    width: float
    started: int
    worst: int
    median: int
    words: str

    @property
    def tops(self) -> dict[str, int]:
        """Where the bars begin, from above."""
        heights = {"started": self.started, "worst": self.worst, "median": self.median}
        return {name: HEIGHT - height for name, height in heights.items()}


def span_ms(period: str, now_ms: int) -> tuple[int, int]:
    """From when to when a period reaches: to the end of the slot that it is."""
    count, slot_ms = PERIODS[period]
    until = now_ms // slot_ms * slot_ms + slot_ms
    return until - count * slot_ms, until


def bars(history: QueueHistory, period: str, since_ms: int) -> list[Bar]:
    """The bars of the slots in which runs started."""
    count, slot_ms = PERIODS[period]
    most = max((slot.started for slot in history.slots), default=0)
    longest = max((slot.worst_ms for slot in history.slots), default=0)
    width = WIDTH / count
    return [
        Bar(
            x=round(slot.slot * width, 2),
            width=round(width - 1, 2),
            started=_height(slot.started, most),
            # By the square root: one that waited long leaves the others to be seen.
            worst=_height(math.sqrt(slot.worst_ms), math.sqrt(longest)),
            median=_height(math.sqrt(slot.median_ms), math.sqrt(longest)),
            words=_words(slot, since_ms + slot.slot * slot_ms),
        )
        for slot in history.slots
    ]


def _height(value: float, most: float) -> int:
    return max(1, round(value * HEIGHT / most)) if value else 0


def _words(slot: QueueSlot, at_ms: int) -> str:
    at = timezone.localtime(datetime.fromtimestamp(at_ms / 1000, UTC))
    waited = f"{in_words(slot.median_ms)} at the median, {in_words(slot.worst_ms)} at the worst"
    return f"From {at:%H:%M}: {slot.started:,} started; waited {waited}"
