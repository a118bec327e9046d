from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('console', '0003_operations'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditentry',
            name='form_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.UniqueConstraint(condition=models.Q(('outcome__in', ('started', 'done', 'unknown'))), fields=('form_id',), name='one_act_a_form'),
        ),
    ]
