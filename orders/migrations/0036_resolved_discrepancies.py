from django.db import migrations, models


class Migration(migrations.Migration):
    """Payment discrepancies by the gateway's reference alone; one that is resolved says by whom, and what was done."""

    dependencies = (("orders", "0035_payment_discrepancies"),)
    operations = (
        migrations.RemoveConstraint("paymentdiscrepancy", "payment_discrepancies_once"),
        migrations.AddConstraint(
            "paymentdiscrepancy",
            models.UniqueConstraint(
                fields=["reference", "gateway", "kind", "expected", "found"], name="payment_discrepancies_once"
            ),
        ),
        migrations.AddConstraint(
            "paymentdiscrepancy",
            models.CheckConstraint(
                condition=~models.Q(state="resolved") | models.Q(resolved_by__isnull=False) & ~models.Q(note=""),
                name="payment_discrepancies_resolved_by_somebody",
            ),
        ),
    )
