"""The console's own rows."""

import uuid

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import models
from django.utils import timezone

from console.audit.models import AuditEnding, AuditEntry, AuditForm

__all__ = [
    "AuditEnding",
    "AuditEntry",
    "AuditForm",
    "Operation",
    "OperationRun",
    "SavedView",
]


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


class Operation(models.Model):
    """One action on many runs: planned, then carried out by :mod:`console.operations.runner`."""

    class State(models.TextChoices):
        """Where it stands."""

        #: The IDs of its runs are being written down.
        PLANNING = "planning"
        #: It waits for somebody to start it.
        PLANNED = "planned"
        RUNNING = "running"
        PAUSED = "paused"
        #: It ends after what is under way.
        STOPPING = "stopping"
        STOPPED = "stopped"
        DONE = "done"
        #: It cannot go on; the note says why.
        FAILED = "failed"

    class Results(models.TextChoices):
        """What is there of the results run by run."""

        KEPT = "kept"
        #: They are being deleted.
        GOING = "going"
        GONE = "gone"

    #: A runner has something to do.
    ACTIVE = (State.PLANNING, State.RUNNING, State.STOPPING)
    OVER = (State.STOPPED, State.DONE, State.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    #: Kept as text too, so that it outlives the account.
    username = models.CharField(max_length=150)
    system = models.CharField(max_length=32)
    #: As a :class:`console.permissions.Action`.
    action = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    #: The line that was searched for; empty for runs that were selected one by one.
    search = models.TextField(blank=True)
    #: What the line meant at that moment, with absolute times.
    filters = models.JSONField()
    reason = models.TextField(blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.PLANNING)
    #: What it waits for, or why it ended.
    note = models.TextField(blank=True)
    #: The last run that was written down, as a cursor of the list.
    planned_to = models.TextField(blank=True)
    #: More runs match than one operation may have.
    is_cut = models.BooleanField(default=False)
    #: How many runs of each status there were, and how many of each outcome there are.
    statuses = models.JSONField(default=dict)
    outcomes = models.JSONField(default=dict)
    total = models.IntegerField(default=0)
    #: How many runs of each status were below those of the plan, where these are wanted too; None
    #: where that could not be found out. At least so many, if the count was cut.
    below = models.JSONField(null=True)
    below_is_cut = models.BooleanField(default=False)
    #: Runs that were not in the plan, as those of it had started them.
    added = models.IntegerField(default=0)
    #: Runs up to this position have an outcome; those up to ``begun_to`` may have been acted on.
    done_to = models.IntegerField(default=0)
    begun_to = models.IntegerField(default=0)
    #: The runner that works on it, until when nobody else may, and when the next try is due.
    runner = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(default=timezone.now)
    failures = models.IntegerField(default=0)
    entry = models.ForeignKey(AuditEntry, models.SET_NULL, null=True)
    #: The counts outlive them.
    results = models.CharField(max_length=8, choices=Results, default=Results.KEPT)
    created_at = models.DateTimeField(auto_now_add=True)
    planned_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("system", "-created_at", "-id"), name="operations_listed"),
            models.Index(
                fields=("due_at",),
                condition=models.Q(state__in=("planning", "running", "stopping")),
                name="operations_due",
            ),
            models.Index(
                fields=("ended_at",),
                condition=~models.Q(results="gone"),
                name="operations_with_results",
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} on {self.total:,} runs"

    @property
    def is_active(self) -> bool:
        """Whether it changes by itself."""
        return self.state in self.ACTIVE

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in self.OVER

    @property
    def keeps_results(self) -> bool:
        """Whether it still knows what became of each run."""
        return self.results == self.Results.KEPT


class OperationRun(models.Model):
    """A run of an operation, and what became of it."""

    class Outcome(models.TextChoices):
        """What the operation did to the run."""

        DONE = "done"
        #: It was running: its code stops at its next step.
        STOPS = "stops"
        #: The plan said that it would be left alone.
        SKIPPED = "skipped"
        #: It had ended by then.
        FINISHED = "finished"
        #: It was as wished by then.
        ALREADY = "already"
        #: So it was found when looked at again after an interruption: the operation may have done
        #: it before.
        AGAIN = "again"
        GONE = "gone"
        REFUSED = "refused"
        #: The operation was stopped before it could be looked at again.
        UNKNOWN = "unknown"

    pk = models.CompositePrimaryKey("operation", "position")
    operation = models.ForeignKey(Operation, models.CASCADE, db_index=False)
    position = models.IntegerField()
    workflow_id = models.TextField()
    name = models.TextField(null=True)
    #: When it was planned.
    status = models.TextField()
    #: When it was acted on; None if it was gone or not looked at.
    before = models.TextField(null=True)
    #: None until then.
    outcome = models.CharField(max_length=16, choices=Outcome, null=True)
    detail = models.TextField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("operation", "workflow_id"), name="each_run_of_an_operation_once"
            ),
        )
        indexes = (models.Index(fields=("workflow_id",), name="operations_of_a_run"),)

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.outcome}"


class OwnRole(models.Model):
    """A role that somebody made of named actions; the built-in ones are in code."""

    #: As it is granted; it never changes.
    name = models.SlugField(max_length=32, unique=True)
    description = models.CharField(max_length=200, blank=True)
    #: Each as a :class:`console.permissions.Action`.
    actions = models.JSONField(default=list)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A role that a person or a team has on one system, or on all of them."""

    #: In place of a system's name.
    EVERY = "*"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
    #: A team.
    group = models.ForeignKey(Group, models.CASCADE, null=True)
    #: A built-in one, or an :class:`OwnRole`.
    role = models.CharField(max_length=32)
    system = models.CharField(max_length=32)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("system", "role", "id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(group__isnull=True),
                name="a_person_or_a_team",
            ),
            models.UniqueConstraint(
                fields=("user", "role", "system"),
                condition=models.Q(group__isnull=True),
                name="one_grant_of_a_kind_a_person",
            ),
            models.UniqueConstraint(
                fields=("group", "role", "system"),
                condition=models.Q(user__isnull=True),
                name="one_grant_of_a_kind_a_team",
            ),
        )

    def __str__(self) -> str:
        return f"{self.role} on {self.system}"

    @property
    def holder(self) -> str:
        """Who has it."""
        return self.user.get_username() if self.user else f"team {self.group}"


class OneTimeLink(models.Model):
    """Lets a person in once, to choose a password; a new one takes the place of the last."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True)
    #: Of the secret in the address, which is kept nowhere.
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"a link for {self.user}"
