"""The payment status on the order, where a list is filtered by it; fewer indexes.

It reads every payment and updates every order that has one: among a million, that takes minutes. Workers and web
servers are stopped for it.
"""

from typing import Any

from django.conf import settings
from django.db import migrations, models

from orders import ids

# Of the payment `p`: a `PaymentStatus` of `orders/lifecycle.py`.
PAYMENT_STATUS = """CASE
        WHEN p.state = 'pending' THEN 'open'
        WHEN p.state = 'declined' THEN 'declined'
        WHEN p.state <> 'captured' THEN 'nothing'
        WHEN p.refunded = 0 THEN 'charged'
        WHEN p.refunded < p.amount THEN 'refunded_in_part'
        ELSE 'refunded'
    END"""

FORWARD = f"""
CREATE FUNCTION orderlife_order_payment_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE p payments%ROWTYPE;
BEGIN
    p := NEW;
    UPDATE orders SET payment_status = {PAYMENT_STATUS}
        WHERE id = p.order_id AND payment_status <> {PAYMENT_STATUS}
        AND NOT EXISTS (SELECT FROM payments later WHERE later.order_id = p.order_id AND later.attempt > p.attempt);
    RETURN NULL;
END $$;
CREATE TRIGGER payments_status_of_order AFTER INSERT OR UPDATE ON payments
    FOR EACH ROW EXECUTE FUNCTION orderlife_order_payment_status();
ALTER TABLE payments ENABLE ALWAYS TRIGGER payments_status_of_order;

UPDATE orders SET payment_status = {PAYMENT_STATUS}
    FROM (SELECT DISTINCT ON (order_id) * FROM payments ORDER BY order_id, attempt DESC) p
    WHERE orders.id = p.order_id AND {PAYMENT_STATUS} <> 'nothing';
"""

BACKWARD = "DROP FUNCTION orderlife_order_payment_status CASCADE;"

# Django's for unique texts: they serve comparisons with LIKE, of which there are none. The other indexes that are dropped
# repeat the beginning of another index of their table.
LIKE_INDEXES = """
DROP INDEX orders_code_fecb6bd8_like, payments_idempotency_key_b37fd3db_like, refunds_idempotency_key_9487cd07_like,
    shipments_idempotency_key_e1d4d1b3_like;
"""
LIKE_INDEXES_AGAIN = """
CREATE INDEX orders_code_fecb6bd8_like ON orders (code varchar_pattern_ops);
CREATE INDEX payments_idempotency_key_b37fd3db_like ON payments (idempotency_key varchar_pattern_ops);
CREATE INDEX refunds_idempotency_key_9487cd07_like ON refunds (idempotency_key varchar_pattern_ops);
CREATE INDEX shipments_idempotency_key_e1d4d1b3_like ON shipments (idempotency_key varchar_pattern_ops);
"""

WITHOUT_INDEX: tuple[tuple[str, str, str, Any, dict[str, Any]], ...] = (
    ("accesscode", "order", "orders.order", models.PROTECT, {"related_name": "access_codes"}),
    ("bulkitem", "run", "orders.bulkrun", models.CASCADE, {"related_name": "items"}),
    ("command", "order", "orders.order", models.PROTECT, {"related_name": "commands"}),
    ("deliveryattempt", "delivery", "orders.delivery", models.CASCADE, {"related_name": "tries"}),
    ("event", "order", "orders.order", models.PROTECT, {"related_name": "events"}),
    ("idempotencykey", "client", "orders.apiclient", models.CASCADE, {"related_name": "idempotency_keys"}),
    ("order", "client", "orders.apiclient", models.PROTECT, {"related_name": "orders", "blank": True, "null": True}),
    ("orderitem", "order", "orders.order", models.PROTECT, {"related_name": "items"}),
    ("payment", "order", "orders.order", models.PROTECT, {"related_name": "payments"}),
    ("return", "order", "orders.order", models.PROTECT, {"related_name": "returns"}),
    ("returnitem", "of_return", "orders.return", models.PROTECT, {"related_name": "items", "db_column": "return_id"}),
    ("savedview", "owner", settings.AUTH_USER_MODEL, models.CASCADE, {"related_name": "saved_views"}),
    ("shipment", "order", "orders.order", models.PROTECT, {"related_name": "shipments"}),
)


class Migration(migrations.Migration):
    dependencies = (
        ("orders", "0032_commands_to_open_orders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )
    operations = (
        migrations.AddField(
            "order",
            "payment_status",
            models.CharField(db_default="nothing", default="nothing", editable=False, max_length=16),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AddIndex(
            "order", models.Index(fields=["payment_status", "-created_at"], name="orders_payment_status")
        ),
        migrations.RemoveIndex("payment", "payments_status"),
        migrations.RemoveField("payment", "payment_status"),
        migrations.SeparateDatabaseAndState(
            # The constraints keep the names that they have.
            [migrations.RunSQL(LIKE_INDEXES, LIKE_INDEXES_AGAIN)],
            [
                migrations.AlterField(
                    "order", "code", models.CharField(default=ids.order_code, editable=False, max_length=11)
                ),
                migrations.AddConstraint("order", models.UniqueConstraint(fields=("code",), name="orders_code_key")),
                *(
                    operation
                    for model in ("payment", "refund", "shipment")
                    for operation in (
                        migrations.AlterField(model, "idempotency_key", models.CharField(max_length=100)),
                        migrations.AddConstraint(
                            model,
                            models.UniqueConstraint(fields=("idempotency_key",), name=f"{model}s_idempotency_key_key"),
                        ),
                    )
                ),
            ],
        ),
        *(
            migrations.AlterField(model, field, models.ForeignKey(to=to, on_delete=on_delete, db_index=False, **more))
            for model, field, to, on_delete, more in WITHOUT_INDEX
        ),
    )
