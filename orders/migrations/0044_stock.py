"""Stock: locations, levels, movements, allocations, and orders that wait for stock."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import orders.ids

# The pairs of `0037_orders_with_nothing_to_pay.py`, and those of orders that wait for stock.
BEFORE = """
    ('received', 'in_review'), ('received', 'invalid'), ('received', 'cancelling'),
    ('in_review', 'charging'), ('in_review', 'paid'), ('in_review', 'rejected'), ('in_review', 'awaiting_payment'),
    ('in_review', 'cancelling'),
    ('charging', 'paid'), ('charging', 'awaiting_payment'), ('charging', 'cancelling'),
    ('awaiting_payment', 'charging'), ('awaiting_payment', 'in_review'), ('awaiting_payment', 'cancelling'),
    ('paid', 'picking'), ('paid', 'awaiting_payment'), ('paid', 'shipping_failed'), ('paid', 'cancelling'),
    ('picking', 'packed'), ('picking', 'shipping_failed'), ('picking', 'cancelling'),
    ('packed', 'shipped'), ('packed', 'shipping_failed'), ('packed', 'cancelling'),
    ('shipped', 'delivered'), ('shipped', 'shipping_failed'),
    ('shipping_failed', 'picking'), ('shipping_failed', 'cancelling'),
    ('cancelling', 'cancelled')
"""
ADDED = """,
    ('paid', 'awaiting_stock'), ('awaiting_stock', 'paid'), ('awaiting_stock', 'awaiting_payment'),
    ('awaiting_stock', 'cancelling')
"""

FUNCTION = """
CREATE OR REPLACE FUNCTION orderlife_order_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'received' THEN
            RAISE EXCEPTION 'an order begins as received, not as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (VALUES {transitions}) THEN
        RAISE EXCEPTION 'an order never goes from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
APPEND_ONLY = """
CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements
    FOR EACH ROW EXECUTE FUNCTION orderlife_refuse();
CREATE TRIGGER stock_movements_no_truncate BEFORE TRUNCATE ON stock_movements
    FOR EACH STATEMENT EXECUTE FUNCTION orderlife_refuse();
ALTER TABLE stock_movements ENABLE ALWAYS TRIGGER stock_movements_append_only;
ALTER TABLE stock_movements ENABLE ALWAYS TRIGGER stock_movements_no_truncate;
"""
NOT_APPEND_ONLY = """
DROP TRIGGER stock_movements_append_only ON stock_movements;
DROP TRIGGER stock_movements_no_truncate ON stock_movements;
"""
MAIN = "INSERT INTO locations (code, name, position, is_active) VALUES ('main', 'Main warehouse', 0, true)"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0038_authorised_payments"),
    ]

    operations = [
        migrations.CreateModel(
            name="Location",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=100)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "db_table": "locations",
                "ordering": ("position", "code"),
            },
        ),
        migrations.CreateModel(
            name="StockAllocation",
            fields=[
                ("id", models.UUIDField(default=orders.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("quantity", models.IntegerField()),
            ],
            options={
                "db_table": "stock_allocations",
            },
        ),
        migrations.CreateModel(
            name="StockLevel",
            fields=[
                ("id", models.UUIDField(default=orders.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("sku", models.CharField(max_length=64)),
                ("on_hand", models.IntegerField(default=0)),
                ("reserved", models.IntegerField(default=0)),
                ("reorder_point", models.IntegerField(default=0)),
                ("bin", models.CharField(blank=True, default="", max_length=40)),
                ("version", models.IntegerField(default=1)),
            ],
            options={
                "db_table": "stock_levels",
                "ordering": ("sku", "location"),
            },
        ),
        migrations.CreateModel(
            name="StockMovement",
            fields=[
                ("id", models.UUIDField(default=orders.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("counted", "Counted"),
                            ("adjusted", "Adjusted"),
                            ("reserved", "Reserved"),
                            ("released", "Released"),
                            ("shipped", "Shipped"),
                            ("returned", "Returned"),
                        ],
                        max_length=10,
                    ),
                ),
                ("on_hand_change", models.IntegerField(default=0)),
                ("reserved_change", models.IntegerField(default=0)),
                ("on_hand", models.IntegerField()),
                ("reserved", models.IntegerField()),
                ("actor", models.CharField(max_length=100)),
                ("reason", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(editable=False)),
            ],
            options={
                "db_table": "stock_movements",
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.RemoveConstraint(
            model_name="command",
            name="commands_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="event",
            name="events_type_known",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="orders_status_in_table",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="orders_waiting_for_known",
        ),
        migrations.AddField(
            model_name="order",
            name="stock_tracked",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="orderitem",
            name="backordered",
            field=models.IntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AlterField(
            model_name="order",
            name="status",
            field=models.CharField(
                choices=[
                    (orders.lifecycle.Status["RECEIVED"], orders.lifecycle.Status["RECEIVED"]),
                    (orders.lifecycle.Status["IN_REVIEW"], orders.lifecycle.Status["IN_REVIEW"]),
                    (orders.lifecycle.Status["CHARGING"], orders.lifecycle.Status["CHARGING"]),
                    (orders.lifecycle.Status["AWAITING_PAYMENT"], orders.lifecycle.Status["AWAITING_PAYMENT"]),
                    (orders.lifecycle.Status["PAID"], orders.lifecycle.Status["PAID"]),
                    (orders.lifecycle.Status["AWAITING_STOCK"], orders.lifecycle.Status["AWAITING_STOCK"]),
                    (orders.lifecycle.Status["PICKING"], orders.lifecycle.Status["PICKING"]),
                    (orders.lifecycle.Status["PACKED"], orders.lifecycle.Status["PACKED"]),
                    (orders.lifecycle.Status["SHIPPED"], orders.lifecycle.Status["SHIPPED"]),
                    (orders.lifecycle.Status["SHIPPING_FAILED"], orders.lifecycle.Status["SHIPPING_FAILED"]),
                    (orders.lifecycle.Status["CANCELLING"], orders.lifecycle.Status["CANCELLING"]),
                    (orders.lifecycle.Status["DELIVERED"], orders.lifecycle.Status["DELIVERED"]),
                    (orders.lifecycle.Status["CANCELLED"], orders.lifecycle.Status["CANCELLED"]),
                    (orders.lifecycle.Status["REJECTED"], orders.lifecycle.Status["REJECTED"]),
                    (orders.lifecycle.Status["INVALID"], orders.lifecycle.Status["INVALID"]),
                ],
                default=orders.lifecycle.Status["RECEIVED"],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="orderitem",
            index=models.Index(
                condition=models.Q(("backordered__gt", 0)), fields=["sku"], name="order_items_backordered"
            ),
        ),
        AddConstraintNotValid(
            model_name="command",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            orders.commands.Kind["PLACE"],
                            orders.commands.Kind["APPROVE"],
                            orders.commands.Kind["REJECT"],
                            orders.commands.Kind["CANCEL"],
                            orders.commands.Kind["UPDATE_ADDRESS"],
                            orders.commands.Kind["CANCEL_PAYMENT"],
                            orders.commands.Kind["RETRY_PAYMENT"],
                            orders.commands.Kind["RETRY_SHIPPING"],
                            orders.commands.Kind["HOLD"],
                            orders.commands.Kind["RELEASE"],
                            orders.commands.Kind["PICK"],
                            orders.commands.Kind["PACK"],
                            orders.commands.Kind["SHIP"],
                            orders.commands.Kind["DELIVER"],
                            orders.commands.Kind["FAIL_DELIVERY"],
                            orders.commands.Kind["FAIL_PICKING"],
                            orders.commands.Kind["REFUND"],
                            orders.commands.Kind["RETRY_REFUND"],
                            orders.commands.Kind["SETTLE_REFUND"],
                            orders.commands.Kind["SETTLE_PAYMENT"],
                            orders.commands.Kind["RECORD_PAYMENT"],
                            orders.commands.Kind["SEND_PAYMENT_LINK"],
                            orders.commands.Kind["ALLOCATE_STOCK"],
                            orders.commands.Kind["RETRY_STEP"],
                            orders.commands.Kind["REQUEST_RETURN"],
                            orders.commands.Kind["APPROVE_RETURN"],
                            orders.commands.Kind["REFUSE_RETURN"],
                            orders.commands.Kind["RECEIVE_RETURN"],
                            orders.commands.Kind["UNKNOWN"],
                        ],
                    )
                ),
                name="commands_kind_known",
            ),
        ),
        AddConstraintNotValid(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "type__in",
                        [
                            orders.lifecycle.EventType["ORDER_RECEIVED"],
                            orders.lifecycle.EventType["ORDER_VALIDATED"],
                            orders.lifecycle.EventType["VALIDATION_FAILED"],
                            orders.lifecycle.EventType["REVIEW_APPROVED"],
                            orders.lifecycle.EventType["REVIEW_REJECTED"],
                            orders.lifecycle.EventType["PAYMENT_CHARGED"],
                            orders.lifecycle.EventType["PAYMENT_AUTHORISED"],
                            orders.lifecycle.EventType["PAYMENT_AWAITED"],
                            orders.lifecycle.EventType["PAYMENT_DECLINED"],
                            orders.lifecycle.EventType["PAYMENT_CANCELLED"],
                            orders.lifecycle.EventType["PAYMENT_RETRIED"],
                            orders.lifecycle.EventType["STOCK_AWAITED"],
                            orders.lifecycle.EventType["STOCK_ALLOCATED"],
                            orders.lifecycle.EventType["PICKING_STARTED"],
                            orders.lifecycle.EventType["ORDER_PACKED"],
                            orders.lifecycle.EventType["ORDER_SHIPPED"],
                            orders.lifecycle.EventType["DELIVERY_CONFIRMED"],
                            orders.lifecycle.EventType["DELIVERY_FAILED"],
                            orders.lifecycle.EventType["SHIPPING_FAILED"],
                            orders.lifecycle.EventType["SHIPPING_RETRIED"],
                            orders.lifecycle.EventType["CANCELLATION_ACCEPTED"],
                            orders.lifecycle.EventType["ORDER_CANCELLED"],
                            orders.lifecycle.EventType["PAYMENT_STARTED"],
                            orders.lifecycle.EventType["PAYMENT_STATUS_REQUESTED"],
                            orders.lifecycle.EventType["PAYMENT_CAPTURED_LATE"],
                            orders.lifecycle.EventType["PAYMENT_ABANDONED"],
                            orders.lifecycle.EventType["PAYMENT_CAPTURED"],
                            orders.lifecycle.EventType["PAYMENT_VOIDED"],
                            orders.lifecycle.EventType["CAPTURE_REFUSED"],
                            orders.lifecycle.EventType["PAYMENT_LINK_SENT"],
                            orders.lifecycle.EventType["CHECKOUT_PAID"],
                            orders.lifecycle.EventType["CHECKOUT_RETURNED"],
                            orders.lifecycle.EventType["TRANSFER_RECORDED"],
                            orders.lifecycle.EventType["PAYMENT_CANCELLATION_ACCEPTED"],
                            orders.lifecycle.EventType["REFUND_STARTED"],
                            orders.lifecycle.EventType["REFUND_SUCCEEDED"],
                            orders.lifecycle.EventType["REFUND_FAILED"],
                            orders.lifecycle.EventType["CARRIER_SELECTED"],
                            orders.lifecycle.EventType["LABEL_BOOKED"],
                            orders.lifecycle.EventType["LABEL_VOIDED"],
                            orders.lifecycle.EventType["ADDRESS_CHANGED"],
                            orders.lifecycle.EventType["ORDER_HELD"],
                            orders.lifecycle.EventType["ORDER_RELEASED"],
                            orders.lifecycle.EventType["ATTENTION_NEEDED"],
                            orders.lifecycle.EventType["ATTENTION_CLEARED"],
                            orders.lifecycle.EventType["COMMAND_REJECTED"],
                            orders.lifecycle.EventType["WORKFLOW_RECOVERED"],
                            orders.lifecycle.EventType["EMAIL_CORRECTED"],
                            orders.lifecycle.EventType["APPROVAL_REQUESTED"],
                            orders.lifecycle.EventType["APPROVAL_GRANTED"],
                            orders.lifecycle.EventType["APPROVAL_REFUSED"],
                            orders.lifecycle.EventType["RETURN_REQUESTED"],
                            orders.lifecycle.EventType["RETURN_APPROVED"],
                            orders.lifecycle.EventType["RETURN_REFUSED"],
                            orders.lifecycle.EventType["RETURN_EXPIRED"],
                            orders.lifecycle.EventType["RETURN_RECEIVED"],
                            orders.lifecycle.EventType["RETURN_CLOSED"],
                            orders.lifecycle.EventType["RETURN_REFUNDED"],
                            orders.lifecycle.EventType["PAYMENT_DISCREPANCY"],
                        ],
                    )
                ),
                name="events_type_known",
            ),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            orders.lifecycle.Status["RECEIVED"],
                            orders.lifecycle.Status["IN_REVIEW"],
                            orders.lifecycle.Status["CHARGING"],
                            orders.lifecycle.Status["AWAITING_PAYMENT"],
                            orders.lifecycle.Status["PAID"],
                            orders.lifecycle.Status["AWAITING_STOCK"],
                            orders.lifecycle.Status["PICKING"],
                            orders.lifecycle.Status["PACKED"],
                            orders.lifecycle.Status["SHIPPED"],
                            orders.lifecycle.Status["SHIPPING_FAILED"],
                            orders.lifecycle.Status["CANCELLING"],
                            orders.lifecycle.Status["DELIVERED"],
                            orders.lifecycle.Status["CANCELLED"],
                            orders.lifecycle.Status["REJECTED"],
                            orders.lifecycle.Status["INVALID"],
                        ],
                    )
                ),
                name="orders_status_in_table",
            ),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "waiting_for__in",
                        [
                            orders.lifecycle.Waiting["NOTHING"],
                            orders.lifecycle.Waiting["VALIDATION"],
                            orders.lifecycle.Waiting["REVIEW"],
                            orders.lifecycle.Waiting["REVIEWER"],
                            orders.lifecycle.Waiting["PAYMENT"],
                            orders.lifecycle.Waiting["PAYMENT_RETURN"],
                            orders.lifecycle.Waiting["NEW_PAYMENT"],
                            orders.lifecycle.Waiting["SHIPPING"],
                            orders.lifecycle.Waiting["STOCK"],
                            orders.lifecycle.Waiting["PACKING"],
                            orders.lifecycle.Waiting["LABEL"],
                            orders.lifecycle.Waiting["CAPTURE"],
                            orders.lifecycle.Waiting["HANDOVER"],
                            orders.lifecycle.Waiting["DELIVERY"],
                            orders.lifecycle.Waiting["SHIPPING_DECISION"],
                            orders.lifecycle.Waiting["CANCELLATION"],
                        ],
                    )
                ),
                name="orders_waiting_for_known",
            ),
        ),
        AddConstraintNotValid(
            model_name="orderitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("backordered__gte", 0), ("backordered__lte", models.F("quantity"))),
                name="order_items_backordered_within",
            ),
        ),
        migrations.AddConstraint(
            model_name="location",
            constraint=models.UniqueConstraint(fields=("code",), name="locations_code_key"),
        ),
        migrations.AddField(
            model_name="stockallocation",
            name="item",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="allocations",
                to="orders.orderitem",
            ),
        ),
        migrations.AddField(
            model_name="stocklevel",
            name="location",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="levels", to="orders.location"
            ),
        ),
        migrations.AddField(
            model_name="stockallocation",
            name="level",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="allocations",
                to="orders.stocklevel",
            ),
        ),
        migrations.AddField(
            model_name="stockmovement",
            name="level",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="movements",
                to="orders.stocklevel",
            ),
        ),
        migrations.AddField(
            model_name="stockmovement",
            name="order",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stock_movements",
                to="orders.order",
            ),
        ),
        migrations.AddConstraint(
            model_name="stocklevel",
            constraint=models.UniqueConstraint(fields=("sku", "location"), name="stock_levels_once"),
        ),
        migrations.AddConstraint(
            model_name="stocklevel",
            constraint=models.CheckConstraint(
                condition=models.Q(("reserved__gte", 0), ("reserved__lte", models.F("on_hand"))),
                name="stock_levels_reserved_within_on_hand",
            ),
        ),
        migrations.AddConstraint(
            model_name="stocklevel",
            constraint=models.CheckConstraint(
                condition=models.Q(("on_hand__gte", 0)), name="stock_levels_on_hand_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="stocklevel",
            constraint=models.CheckConstraint(
                condition=models.Q(("reorder_point__gte", 0)), name="stock_levels_reorder_point_not_negative"
            ),
        ),
        migrations.AddIndex(
            model_name="stockallocation",
            index=models.Index(fields=["level"], name="stock_allocations_of_level"),
        ),
        migrations.AddConstraint(
            model_name="stockallocation",
            constraint=models.UniqueConstraint(fields=("item", "level"), name="stock_allocations_once"),
        ),
        migrations.AddConstraint(
            model_name="stockallocation",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="stock_allocations_quantity_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="stockmovement",
            index=models.Index(fields=["level", "-created_at"], name="stock_movements_of_level"),
        ),
        migrations.AddIndex(
            model_name="stockmovement",
            index=models.Index(
                condition=models.Q(("order__isnull", False)), fields=["order"], name="stock_movements_of_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="stockmovement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["received", "counted", "adjusted", "reserved", "released", "shipped", "returned"])
                ),
                name="stock_movements_kind_known",
            ),
        ),
        migrations.RunSQL(FUNCTION.replace("{transitions}", BEFORE + ADDED), FUNCTION.replace("{transitions}", BEFORE)),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
        migrations.RunSQL(MAIN, migrations.RunSQL.noop),
    ]
