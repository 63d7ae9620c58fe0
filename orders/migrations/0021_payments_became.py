"""A column that is computed from others writes its table anew, under a lock: for a large one, that takes a quiet hour."""

from django.db import migrations, models
from django.db.models import Case, F, Value, When


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0020_bulk_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="became",
            field=models.GeneratedField(
                db_persist=True,
                expression=Case(
                    When(refunded=F("amount"), then=Value("refunded")),
                    When(refunded__gt=0, then=Value("refunded_in_part")),
                    When(state="captured", then=Value("charged")),
                    default=F("state"),
                ),
                output_field=models.CharField(
                    choices=[
                        ("pending", "Pending"),
                        ("charged", "Charged"),
                        ("refunded_in_part", "Refunded In Part"),
                        ("refunded", "Refunded"),
                        ("declined", "Declined"),
                        ("failed", "Failed"),
                        ("cancelled", "Cancelled"),
                    ],
                    max_length=16,
                ),
            ),
        ),
    ]
