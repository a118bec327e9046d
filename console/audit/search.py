"""The audit log searched: what may be asked for, and how much is looked through for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeAlias

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from console.audit.models import TARGET_BEGINS, AuditEnding, AuditEntry

Entries: TypeAlias = QuerySet[Any]

#: So many entries are looked through for a page, whatever is asked for.
MOST_EXAMINED = 200_000
_LONGEST = 10_000
#: Entries that are written at the same moment may have their times in another order.
_MARGIN = 1_000
#: An index answers at once which these are.
_SELDOM = (AuditEntry.Outcome.FAILED, AuditEntry.Outcome.UNKNOWN, AuditEntry.Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What somebody looks for; empty fields ask for nothing."""

    username: str = ""
    action: str = ""
    system: str = ""
    outcome: str = ""
    #: The whole target.
    target: str = ""
    #: A part of the target, in any case.
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    #: What the person may read about; None is everything, also what is about no system.
    systems: frozenset[str] | None = None
    problems: list[str] = field(default_factory=list, compare=False)

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> "AuditSearch":
        """As an address or a command line spells it."""
        problems: list[str] = []
        texts = {
            one.name: str(asked.get(one.name) or "").strip()[:_LONGEST].replace("\0", "")
            for one in fields(cls)
            if one.type in (str, "str")
        }
        moments = {name: _moment(name, asked, problems) for name in ("since", "until")}
        return cls(**texts, **moments, problems=problems)  # type: ignore[arg-type]

    @property
    def asked(self) -> dict[str, str]:
        """What is asked for, by name; as an audit entry keeps it."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in found.items()
            if value and name not in ("problems", "systems")
        }

    def entries(self) -> Entries:
        """Those that are looked for, however many."""
        found = AuditEntry.objects.all()
        if self.systems is not None:
            found = found.filter(system__in=self.systems)
        for name in ("username", "action", "system"):
            if value := getattr(self, name):
                found = found.filter(**{name: value})
        if self.target:
            found = on(found, self.target)
        if self.text:
            found = found.filter(target__icontains=self.text)
        if self.since:
            found = found.filter(at__gte=self.since)
        if self.until:
            found = found.filter(at__lt=self.until)
        return self._with_outcome(found)

    def _with_outcome(self, found: Entries) -> Entries:
        if not self.outcome:
            return found
        if self.outcome in _SELDOM:
            ended = AuditEnding.objects.filter(outcome=self.outcome).values("entry")
            own = AuditEntry.objects.filter(first_outcome=self.outcome).values("pk")
            found = found.filter(pk__in=ended.union(own, all=True))
        return found.filter(outcome=self.outcome)

    @property
    def has_index(self) -> bool:
        """Whether an index leads from each entry that is looked for to the next."""
        named = {"username", "action", "target"} & self.asked.keys()
        others = self.asked.keys() - {"since", "until"} - named
        return not others and len(named) <= 1

    @property
    def newest(self) -> int | None:
        """The newest entry in the time that is asked for; None where there is none."""
        found = AuditEntry.objects.all()
        if self.until:
            last = found.filter(at__lt=self.until).order_by("-at", "-pk")
            return last.values_list("pk", flat=True).first()
        return found.values_list("pk", flat=True).first()


def on(entries: Entries, target: str) -> Entries:
    """Those on a target, by the index."""
    begins = Left("target", TARGET_BEGINS)
    found: Entries = entries.alias(begins=begins)
    return found.filter(begins=target[:TARGET_BEGINS], target=target)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entries, and where the next one begins."""

    entries: list[AuditEntry]
    #: None at the end of the log.
    before: int | None
    #: The page is not full, because so many entries were looked through.
    is_cut: bool = False


def page(search: AuditSearch, before: int | None, size: int) -> Found:
    """The newest entries before one that are looked for.

    No more than :data:`MOST_EXAMINED` are looked through, so that no question is too expensive.
    """
    if before is None:
        newest = search.newest
        if newest is None:
            return Found([], None)
        before = newest + _MARGIN
    least = 0 if search.has_index else before - MOST_EXAMINED
    found = search.entries().filter(pk__lt=before, pk__gte=least).order_by("-pk")
    entries = list(found[: size + 1])
    if len(entries) > size:
        return Found(entries[:size], entries[size - 1].pk)
    more = AuditEntry.objects.filter(pk__lt=least)
    if search.since:
        more = more.filter(at__gte=search.since)
    return Found(entries, least, is_cut=True) if more.exists() else Found(entries, None)


def pages(search: AuditSearch, size: int) -> Iterator[list[AuditEntry]]:
    """All that are looked for, the newest first, page by page."""
    before: int | None = None
    while True:
        found = page(search, before, size)
        if found.entries:
            yield found.entries
        if found.before is None:
            return
        before = found.before


def _spelled(name: str) -> Callable[[AuditEntry], str | None]:
    get = attrgetter(name)
    return lambda entry: moment.isoformat() if (moment := get(entry)) else None


#: An entry in a file, with all that is kept.
COLUMNS: Mapping[str, Callable[[AuditEntry], Any]] = {
    "position": attrgetter("position"),
    "at": _spelled("at"),
    **{
        name: attrgetter(name)
        for name in (
            "username",
            "user_id",
            "address",
            "request_id",
            "system",
            "action",
            "target",
            "parameters",
            "reason",
            "outcome",
            "detail",
            "changed",
        )
    },
    "completed_at": _spelled("completed_at"),
    "previous": attrgetter("previous"),
    "hash": attrgetter("hash"),
}


def _moment(name: str, asked: Mapping[str, Any], problems: list[str]) -> datetime | None:
    text = str(asked.get(name) or "").strip()
    try:
        found = parse_datetime(text) if text else None
    except ValueError:
        found = None
    if text and found is None:
        problems.append(f"“{name}” is no time: it is spelled like 2026-11-23T07:04.")
        return None
    try:
        return timezone.make_aware(found) if found and timezone.is_naive(found) else found
    except (ValueError, OverflowError):
        problems.append(f"“{name}” is no time that there was.")
        return None
