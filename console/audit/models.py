"""The audit log: rows that are only ever added, chained by PostgreSQL.

A row gets its position, its time, the hash of the row before it and its own from a trigger; other
triggers refuse to change or remove one. :mod:`console.audit.chain` tells what is hashed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, TypeAlias

from django.conf import settings
from django.db import models
from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.functions import Coalesce, Left, Now

#: So many letters of a target are in the index.
TARGET_BEGINS = 100


class AuditOutcome(models.TextChoices):
    """How an act ended."""

    #: Not yet; or nobody knows, as the console did not survive it.
    STARTED = "started"
    DONE = "done"
    #: The person may not do this.
    REFUSED = "refused"
    #: The client or the database said no; nothing was written.
    FAILED = "failed"
    #: The connection broke before the answer.
    UNKNOWN = "unknown"


class Chained(models.Model):
    """What each row of the log has."""

    #: When it was written, by the clock of the console's database.
    at = models.DateTimeField(db_default=Now())
    #: From 1 without a gap, over the rows of both tables.
    position = models.BigIntegerField(db_default=0)
    #: The hash of the row at the position before; of the first 64 zeros.
    previous = models.CharField(max_length=64, db_default="")
    hash = models.CharField(max_length=64, db_default="")

    class Meta:
        abstract = True

    @property
    def at_ms(self) -> int:
        """When, in epoch milliseconds."""
        return round(self.at.timestamp() * 1_000)


class EntryManager(models.Manager[Any]):
    """Entries as they are now."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Each with what its newest ending says."""
        newest = AuditEnding.objects.filter(entry=OuterRef("pk")).order_by("-position")
        ended = Case(When(outcome=AuditOutcome.STARTED, then=None), default=F("at"))

        def last(column: str) -> Subquery:
            return Subquery(newest.values(column)[:1])

        over_at = Subquery(newest.values(over_at=ended)[:1])
        found: models.QuerySet[Any] = (
            super()
            .get_queryset()
            .annotate(
                outcome=Coalesce(last("outcome"), F("first_outcome")),
                detail=Coalesce(last("detail"), F("first_detail")),
                changed=last("changed"),
                completed_at=Coalesce(over_at, F("first_completed_at")),
            )
        )
        return found


class AuditEntry(Chained):
    """One write, or one refused: written before the act. How it ended is an :class:`AuditEnding`.

    An entry that stays ``started`` belongs to an act that the console did not survive. What is
    over when it is written, such as a refusal or a sign-in, has its outcome in its own row.
    """

    Outcome: TypeAlias = AuditOutcome

    #: Without a constraint: the account may go, and the row stays as it is.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False
    )
    #: Kept as text too, so that it outlives the account.
    username = models.CharField(max_length=150)
    #: From where: the client's address and the ID of the request.
    address = models.CharField(max_length=45, default="", db_default="")
    request_id = models.CharField(max_length=64, default="", db_default="")
    system = models.CharField(max_length=32)
    action = models.CharField(max_length=64)
    target = models.TextField()
    parameters = models.JSONField(default=dict)
    #: Why, in the person's words.
    reason = models.TextField(default="", db_default="")
    #: As the row itself says, before any ending.
    first_outcome = models.CharField(
        max_length=16, choices=AuditOutcome, default=AuditOutcome.STARTED, db_column="outcome"
    )
    first_detail = models.TextField(blank=True, db_column="detail")
    first_completed_at = models.DateTimeField(null=True, db_column="completed_at")
    #: Only in entries of releases before endings; since then it is an :class:`AuditForm`.
    form_id = models.UUIDField(null=True)

    # As the manager finds them.
    outcome: str
    detail: str
    changed: dict[str, Any] | None
    completed_at: datetime | None

    objects: ClassVar[models.Manager[Any]] = EntryManager()  # Checkers know no annotations.

    class Meta:
        ordering = ("-id",)
        base_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(fields=("position",), name="audit_entry_position"),
            models.UniqueConstraint(
                fields=("form_id",),
                condition=models.Q(first_outcome__in=("started", "done", "unknown")),
                name="one_act_a_form",
            ),
        )
        indexes = (
            models.Index(fields=("username", "-id"), name="audit_by_person"),
            models.Index(fields=("action", "-id"), name="audit_by_action"),
            models.Index(Left("target", TARGET_BEGINS), F("id").desc(), name="audit_by_target"),
            models.Index(fields=("at",), name="audit_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.username} {self.action} {self.target}"


class AuditEnding(Chained):
    """What became of an act, written after it; ``started`` where it was begun again."""

    entry = models.ForeignKey(AuditEntry, models.DO_NOTHING, related_name="endings", db_index=False)
    outcome = models.CharField(max_length=16, choices=AuditOutcome)
    detail = models.TextField(blank=True)
    #: What is different now, as far as the answer of the act tells.
    changed = models.JSONField(null=True)

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("position",), name="audit_ending_position"),)
        indexes = (
            models.Index(fields=("entry", "-position"), name="audit_endings_of_entry"),
            models.Index(
                fields=("outcome",),
                condition=models.Q(outcome__in=("failed", "unknown", "refused")),
                name="audit_ended_badly",
            ),
        )

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.outcome}"


class AuditForm(models.Model):
    """The act that a form was sent for: one that is sent twice acts once.

    This is no part of the log: it goes when the act failed, so that the form may be sent again.
    """

    form_id = models.UUIDField(primary_key=True)
    #: None for a moment only.
    entry = models.ForeignKey(AuditEntry, models.DO_NOTHING, null=True, related_name="forms")

    def __str__(self) -> str:
        return str(self.form_id)
