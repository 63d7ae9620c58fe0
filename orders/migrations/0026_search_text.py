"""The words by which an order is found. Empty until 0027 fills them, and where an older process places an order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0025_lost_link_requests"),
    ]

    operations = [
        # A constant default: PostgreSQL writes no row anew.
        migrations.AddField(
            model_name="order",
            name="search_text",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
    ]
