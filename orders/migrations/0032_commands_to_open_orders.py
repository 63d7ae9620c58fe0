from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """An index by which the relay finds commands to open orders behind any number of new orders."""

    dependencies = (("orders", "0031_field_names"),)
    operations = (
        migrations.AddIndex(
            model_name="command",
            index=models.Index(
                fields=["available_at"],
                condition=Q(state="pending") & ~Q(kind="place"),
                name="commands_pending_signals",
            ),
        ),
    )
