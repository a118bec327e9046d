from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('console', '0004_one_act_a_form'),
    ]

    operations = [
        migrations.AddField(
            model_name='operation',
            name='below',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='operation',
            name='below_is_cut',
            field=models.BooleanField(default=False),
        ),
    ]
