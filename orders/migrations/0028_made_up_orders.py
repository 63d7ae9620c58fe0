"""Orders of `manage.py seed_orders` are marked, those that were made before too, and none of their commands waits."""

from django.db import migrations, models

SEED_CLIENTS = "('seed-web-shop', 'seed-marketplace', 'seed-telephone')"
MARK = f"""
UPDATE orders SET made_up = true, needs_attention = false, attention_reason = ''
FROM api_clients WHERE api_clients.id = orders.client_id AND api_clients.name IN {SEED_CLIENTS};
UPDATE commands SET state = 'applied', outcome = 'The order was accepted.', settled_at = commands.created_at
FROM orders WHERE orders.id = commands.order_id AND orders.made_up AND commands.kind = 'place' AND settled_at IS NULL;
UPDATE commands SET state = 'rejected', outcome = 'The order is made up: no worker carries it.', settled_at = now()
FROM orders WHERE orders.id = commands.order_id AND orders.made_up AND settled_at IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0027_search_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="made_up",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
