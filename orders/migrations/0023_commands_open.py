"""An index for how long commands wait, made beside whoever writes."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    # No index is made concurrently within a transaction.
    atomic = False

    dependencies = [
        ("orders", "0022_lists_of_many"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="command",
            index=models.Index(
                condition=Q(state__in=["pending", "delivered"]), fields=["state", "created_at"], name="commands_open"
            ),
        ),
    ]
