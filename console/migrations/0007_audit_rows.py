"""The columns and tables of an audit log whose rows are only ever added.

Nothing is taken away, and the release before goes on writing to what it knows.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Left, Now

OUTCOMES = [
    ("started", "Started"),
    ("done", "Done"),
    ("refused", "Refused"),
    ("failed", "Failed"),
    ("unknown", "Unknown"),
]


def one_act_a_form(outcome: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=("form_id",),
        condition=models.Q((f"{outcome}__in", ("started", "done", "unknown"))),
        name="one_act_a_form",
    )


def chained() -> list[tuple[str, Any]]:
    return [
        ("at", models.DateTimeField(db_default=Now())),
        ("position", models.BigIntegerField(db_default=0)),
        ("previous", models.CharField(db_default="", max_length=64)),
        ("hash", models.CharField(db_default="", max_length=64)),
    ]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("console", "0006_results_kept"),
    ]

    operations = [
        # The columns keep their names; only Django calls them otherwise.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("auditentry", "one_act_a_form"),
                migrations.RenameField("auditentry", "outcome", "first_outcome"),
                migrations.RenameField("auditentry", "detail", "first_detail"),
                migrations.RenameField("auditentry", "completed_at", "first_completed_at"),
                migrations.AlterField(
                    "auditentry",
                    "first_outcome",
                    models.CharField(
                        choices=OUTCOMES, db_column="outcome", default="started", max_length=16
                    ),
                ),
                migrations.AlterField(
                    "auditentry",
                    "first_detail",
                    models.TextField(blank=True, db_column="detail"),
                ),
                migrations.AlterField(
                    "auditentry",
                    "first_completed_at",
                    models.DateTimeField(db_column="completed_at", null=True),
                ),
                migrations.AddConstraint("auditentry", one_act_a_form("first_outcome")),
                migrations.AlterModelOptions(
                    "auditentry", {"base_manager_name": "objects", "ordering": ("-id",)}
                ),
            ],
        ),
        migrations.AlterField(
            "auditentry",
            "user",
            models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField("auditentry", "at", models.DateTimeField(db_default=Now())),
        *(migrations.AddField("auditentry", name, field) for name, field in chained()[1:]),
        migrations.AddField(
            "auditentry", "address", models.CharField(db_default="", default="", max_length=45)
        ),
        migrations.AddField(
            "auditentry", "request_id", models.CharField(db_default="", default="", max_length=64)
        ),
        migrations.AddField("auditentry", "reason", models.TextField(db_default="", default="")),
        migrations.CreateModel(
            "AuditEnding",
            [
                ("id", models.BigAutoField(primary_key=True, serialize=False, auto_created=True,
                                           verbose_name="ID")),
                *chained(),
                ("outcome", models.CharField(choices=OUTCOMES, max_length=16)),
                ("detail", models.TextField(blank=True)),
                ("changed", models.JSONField(null=True)),
                ("entry", models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="endings",
                    to="console.auditentry",
                )),
            ],
            options={"ordering": ("position",)},
        ),
        migrations.CreateModel(
            "AuditForm",
            [
                ("form_id", models.UUIDField(primary_key=True, serialize=False)),
                ("entry", models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    related_name="forms",
                    to="console.auditentry",
                )),
            ],
        ),
        *(
            migrations.AddIndex("auditentry", index)
            for index in (
                models.Index(fields=["username", "-id"], name="audit_by_person"),
                models.Index(fields=["action", "-id"], name="audit_by_action"),
                models.Index(Left("target", 100), F("id").desc(), name="audit_by_target"),
                models.Index(fields=["at"], name="audit_by_time"),
            )
        ),
        migrations.AddIndex(
            "auditending",
            models.Index(fields=["entry", "-position"], name="audit_endings_of_entry"),
        ),
        migrations.AddIndex(
            "auditending",
            models.Index(
                fields=["outcome"],
                condition=models.Q(("outcome__in", ("failed", "unknown", "refused"))),
                name="audit_ended_badly",
            ),
        ),
        # For the history of a run, which may have been one of many.
        migrations.AddIndex(
            "operationrun",
            models.Index(fields=["workflow_id"], name="operations_of_a_run"),
        ),
        migrations.AddConstraint(
            "auditending",
            models.UniqueConstraint(fields=("position",), name="audit_ending_position"),
        ),
    ]
