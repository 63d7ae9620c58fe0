"""Orders that are split into several shipments, each with some of the order's pieces."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

# The function of `0037_orders_with_nothing_to_pay.py`, with the pairs that several shipments add up to.
TRANSITIONS = """
    ('received', 'in_review'), ('received', 'invalid'), ('received', 'cancelling'),
    ('in_review', 'charging'), ('in_review', 'paid'), ('in_review', 'rejected'), ('in_review', 'awaiting_payment'),
    ('in_review', 'cancelling'),
    ('charging', 'paid'), ('charging', 'awaiting_payment'), ('charging', 'cancelling'),
    ('awaiting_payment', 'charging'), ('awaiting_payment', 'in_review'), ('awaiting_payment', 'cancelling'),
    ('paid', 'picking'), ('paid', 'awaiting_payment'), ('paid', 'partly_shipped'), ('paid', 'shipping_failed'), ('paid', 'cancelling'),
    ('picking', 'packed'), ('picking', 'partly_shipped'), ('picking', 'shipping_failed'), ('picking', 'cancelling'),
    ('packed', 'shipped'), ('packed', 'partly_shipped'), ('packed', 'shipping_failed'), ('packed', 'cancelling'),
    ('partly_shipped', 'shipped'), ('partly_shipped', 'shipping_failed'),
    ('shipped', 'delivered'), ('shipped', 'shipping_failed'),
    ('shipping_failed', 'picking'), ('shipping_failed', 'paid'), ('shipping_failed', 'partly_shipped'), ('shipping_failed', 'cancelling'),
    ('cancelling', 'cancelled')
"""
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


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0041_shipment_gateway"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION.replace("{transitions}", TRANSITIONS), FUNCTION.replace("{transitions}", BEFORE)),
        migrations.CreateModel(
            name="ShipmentItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "shipment_items",
                "ordering": ("shipment", "item"),
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
            model_name="shipment",
            name="shipments_one_live_per_order",
        ),
        migrations.RemoveConstraint(
            model_name="shipment",
            name="shipments_state_known",
        ),
        migrations.AddField(
            model_name="order",
            name="shipment_count",
            field=models.PositiveSmallIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.AddField(
            model_name="shipment",
            name="number",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AlterField(
            model_name="order",
            name="status",
            field=models.CharField(
                choices=[
                    ("received", "received"),
                    ("in_review", "in_review"),
                    ("charging", "charging"),
                    ("awaiting_payment", "awaiting_payment"),
                    ("paid", "paid"),
                    ("picking", "picking"),
                    ("packed", "packed"),
                    ("partly_shipped", "partly_shipped"),
                    ("shipped", "shipped"),
                    ("shipping_failed", "shipping_failed"),
                    ("cancelling", "cancelling"),
                    ("delivered", "delivered"),
                    ("cancelled", "cancelled"),
                    ("rejected", "rejected"),
                    ("invalid", "invalid"),
                ],
                default="received",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="state",
            field=models.CharField(
                choices=[
                    ("ready", "Ready"),
                    ("picking", "Picking"),
                    ("packed", "Packed"),
                    ("booking", "Booking"),
                    ("booked", "Booked"),
                    ("shipped", "Shipped"),
                    ("delivered", "Delivered"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("voided", "Voided"),
                ],
                default="booking",
                max_length=10,
            ),
        ),
        AddConstraintNotValid(
            model_name="command",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "place",
                            "approve",
                            "reject",
                            "cancel",
                            "update_address",
                            "cancel_payment",
                            "retry_payment",
                            "retry_shipping",
                            "hold",
                            "release",
                            "pick",
                            "pack",
                            "ship",
                            "deliver",
                            "fail_delivery",
                            "fail_picking",
                            "record_scan",
                            "split_shipment",
                            "refund",
                            "retry_refund",
                            "settle_refund",
                            "settle_payment",
                            "record_payment",
                            "send_payment_link",
                            "retry_step",
                            "request_return",
                            "approve_return",
                            "refuse_return",
                            "receive_return",
                            "unknown",
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
                            "order_received",
                            "order_validated",
                            "validation_failed",
                            "review_approved",
                            "review_rejected",
                            "payment_charged",
                            "payment_authorised",
                            "payment_awaited",
                            "payment_declined",
                            "payment_cancelled",
                            "payment_retried",
                            "picking_started",
                            "order_packed",
                            "order_shipped",
                            "delivery_confirmed",
                            "delivery_failed",
                            "shipping_failed",
                            "shipping_retried",
                            "cancellation_accepted",
                            "order_cancelled",
                            "payment_started",
                            "payment_status_requested",
                            "payment_captured_late",
                            "payment_abandoned",
                            "payment_captured",
                            "payment_voided",
                            "capture_refused",
                            "payment_link_sent",
                            "checkout_paid",
                            "checkout_returned",
                            "transfer_recorded",
                            "payment_cancellation_accepted",
                            "refund_started",
                            "refund_succeeded",
                            "refund_failed",
                            "shipment_split",
                            "carrier_selected",
                            "label_booked",
                            "label_voided",
                            "parcel_in_transit",
                            "parcel_out_for_delivery",
                            "parcel_exception",
                            "address_changed",
                            "order_held",
                            "order_released",
                            "attention_needed",
                            "attention_cleared",
                            "command_rejected",
                            "workflow_recovered",
                            "email_corrected",
                            "approval_requested",
                            "approval_granted",
                            "approval_refused",
                            "return_requested",
                            "return_approved",
                            "return_refused",
                            "return_expired",
                            "return_received",
                            "return_closed",
                            "return_refunded",
                            "payment_discrepancy",
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
                            "received",
                            "in_review",
                            "charging",
                            "awaiting_payment",
                            "paid",
                            "picking",
                            "packed",
                            "partly_shipped",
                            "shipped",
                            "shipping_failed",
                            "cancelling",
                            "delivered",
                            "cancelled",
                            "rejected",
                            "invalid",
                        ],
                    )
                ),
                name="orders_status_in_table",
            ),
        ),
        migrations.AddConstraint(
            model_name="shipment",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["ready", "picking", "packed", "booking", "booked", "shipped", "delivered"])
                ),
                fields=("order", "number"),
                name="shipments_one_live_per_number",
            ),
        ),
        AddConstraintNotValid(
            model_name="shipment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "ready",
                            "picking",
                            "packed",
                            "booking",
                            "booked",
                            "shipped",
                            "delivered",
                            "failed",
                            "cancelled",
                            "voided",
                        ],
                    )
                ),
                name="shipments_state_known",
            ),
        ),
        migrations.AddField(
            model_name="shipmentitem",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="in_shipments", to="orders.orderitem"
            ),
        ),
        migrations.AddField(
            model_name="shipmentitem",
            name="shipment",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="items", to="orders.shipment"
            ),
        ),
        migrations.AddConstraint(
            model_name="shipmentitem",
            constraint=models.UniqueConstraint(fields=("shipment", "item"), name="shipment_items_once"),
        ),
        migrations.AddConstraint(
            model_name="shipmentitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="shipment_items_quantity_positive"
            ),
        ),
    ]
