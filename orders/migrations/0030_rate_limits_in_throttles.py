from django.db import migrations


class Migration(migrations.Migration):
    """Requests of API clients are counted in `throttle_windows` from now on.

    The table stays for one release: web servers of the one before still count in it while this one is deployed.
    """

    dependencies = [("orders", "0029_shipments_without_label")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="RateWindow")]),
    ]
