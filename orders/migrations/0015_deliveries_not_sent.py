from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0014_returns"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="delivery",
            name="deliveries_failed",
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "sent"), _negated=True), fields=["-created_at"], name="deliveries_not_sent"
            ),
        ),
    ]
