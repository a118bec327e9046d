"""The console's own rows."""

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models


class AuditEntry(models.Model):
    """One write, or one refused: written before the act and completed after it.

    An entry that stays ``started`` belongs to an act that the console did not survive.
    """

    class Outcome(models.TextChoices):
        """How the act ended."""

        STARTED = "started"
        DONE = "done"
        #: The person may not do this.
        REFUSED = "refused"
        #: The client or the database said no; nothing was written.
        FAILED = "failed"
        #: The connection broke before the answer.
        UNKNOWN = "unknown"

    at = models.DateTimeField(auto_now_add=True)
    completed_at = models.DateTimeField(null=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    #: Kept as text too, so that it outlives the account.
    username = models.CharField(max_length=150)
    system = models.CharField(max_length=32)
    action = models.CharField(max_length=64)
    target = models.TextField()
    parameters = models.JSONField(default=dict)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.STARTED)
    detail = models.TextField(blank=True)
    #: Of the form that asked for it: a form that is sent twice acts once.
    form_id = models.UUIDField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            # What failed or was refused did nothing, so it may be sent again.
            models.UniqueConstraint(
                fields=("form_id",),
                condition=models.Q(outcome__in=("started", "done", "unknown")),
                name="one_act_a_form",
            ),
        )

    @property
    def at_ms(self) -> int:
        """When, in epoch milliseconds."""
        return round(self.at.timestamp() * 1_000)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.username} {self.action} {self.target}"


class SavedView(models.Model):
    """A search of the list that somebody kept under a name."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    system = models.CharField(max_length=32)
    name = models.CharField(max_length=60)
    search = models.TextField()
    #: Everybody who may look sees it.
    is_shared = models.BooleanField(default=False)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("owner", "system", "name"), name="one_view_a_name"),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def seen_by(cls, user: User, system: str) -> models.QuerySet["SavedView"]:
        """The views that a person sees: the own ones, and those that are shared."""
        mine_or_shared = models.Q(owner=user) | models.Q(is_shared=True)
        return cls.objects.filter(mine_or_shared, system=system).select_related("owner")
