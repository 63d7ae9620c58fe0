from django.db import migrations, models


class Migration(migrations.Migration):
    """Why a payment was declined, for programs and staff; payments by the gateway's reference."""

    dependencies = (("orders", "0033_payment_status_of_orders"),)
    operations = (
        migrations.AddField(
            "payment", "decline_code", models.CharField(blank=True, db_default="", default="", max_length=60)
        ),
        migrations.AddIndex(
            "payment",
            models.Index(
                fields=["gateway_reference"],
                condition=~models.Q(gateway_reference=""),
                name="payments_gateway_reference",
            ),
        ),
    )
