"""Requests for lost links wait in a table, so that the answer takes as long for any address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0024_api_key_issuer"),
    ]

    operations = [
        migrations.CreateModel(
            name="LostLinkRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("address", models.CharField(max_length=600)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "lost_link_requests"},
        ),
    ]
