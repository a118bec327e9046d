from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('console', '0005_runs_below'),
    ]

    operations = [
        migrations.AddField(
            model_name='operation',
            name='results',
            field=models.CharField(choices=[('kept', 'Kept'), ('going', 'Going'), ('gone', 'Gone')], default='kept', max_length=8),
        ),
        # Plans that were given up did not say when.
        migrations.RunSQL(
            "UPDATE console_operation SET ended_at = due_at WHERE state = 'stopped' AND ended_at IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('results', 'gone'), _negated=True), fields=['ended_at'], name='operations_with_results'),
        ),
    ]
