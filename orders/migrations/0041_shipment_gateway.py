from django.db import migrations, models


class Migration(migrations.Migration):
    """Shipments remember the carrier gateway that their label was booked with; until now there was one."""

    dependencies = (("orders", "0040_parcel_scans"),)
    operations = (
        migrations.AddField(
            "shipment", "gateway", models.CharField(max_length=20, default="simulated", db_default="simulated")
        ),
    )
