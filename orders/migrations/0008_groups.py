from typing import Any

from django.db import migrations

from orders.services.staff.people import make_groups


def make(apps: Any, schema_editor: Any) -> None:
    make_groups(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_throttle_windows"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
