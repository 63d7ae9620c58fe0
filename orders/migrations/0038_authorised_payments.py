"""Payments that are authorised and captured later, payments that customers make by themselves, bank transfers.

It writes `captured` of every payment that was captured: workers and web servers are stopped for it.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import orders.ids

EVENT_TYPES = [
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
    "carrier_selected",
    "label_booked",
    "label_voided",
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
]
WAITING_FOR = [
    "",
    "validation",
    "review",
    "reviewer",
    "payment",
    "payment_return",
    "new_payment",
    "shipping",
    "packing",
    "label",
    "capture",
    "handover",
    "delivery",
    "shipping_decision",
    "cancellation",
]

COMMAND_KINDS = [
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
]

# Of the payment `p`: a `PaymentStatus` of `orders/lifecycle.py`.
PAYMENT_STATUS = """CASE
        WHEN p.state = 'pending' THEN 'open'
        WHEN p.state = 'authorised' THEN 'authorised'
        WHEN p.state = 'declined' THEN 'declined'
        WHEN p.state <> 'captured' THEN 'nothing'
        WHEN p.refunded = 0 THEN 'charged'
        WHEN p.refunded < p.captured THEN 'refunded_in_part'
        ELSE 'refunded'
    END"""

FUNCTIONS = """
CREATE OR REPLACE FUNCTION orderlife_order_payment_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE p payments%ROWTYPE;
BEGIN
    p := NEW;
    UPDATE orders SET payment_status = {status}
        WHERE id = p.order_id AND payment_status <> {status}
        AND NOT EXISTS (SELECT FROM payments later WHERE later.order_id = p.order_id AND later.attempt > p.attempt);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION orderlife_refunds_within_capture() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE charged bigint; promised bigint;
BEGIN
    SELECT {captured} INTO charged FROM payments
        WHERE id = NEW.payment_id AND state IN ('captured', 'cancelled') FOR UPDATE;
    SELECT coalesce(sum(amount), 0) INTO promised FROM refunds
        WHERE payment_id = NEW.payment_id AND state <> 'failed' AND id <> NEW.id;
    IF NEW.state <> 'failed' AND (charged IS NULL OR promised + NEW.amount > charged) THEN
        RAISE EXCEPTION 'refunds of payment % would exceed what was captured', NEW.payment_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
BEFORE = PAYMENT_STATUS.replace("        WHEN p.state = 'authorised' THEN 'authorised'\n", "").replace(
    "captured THEN", "amount THEN"
)

CAPTURED = "UPDATE payments SET captured = amount WHERE state = 'captured' OR refunded > 0;"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0037_orders_with_nothing_to_pay"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankTransfer",
            fields=[
                ("id", models.UUIDField(default=orders.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("received_on", models.DateField()),
                ("reference", models.CharField(max_length=100)),
                ("created_at", models.DateTimeField(editable=False)),
            ],
            options={
                "db_table": "bank_transfers",
                "ordering": ("order", "created_at"),
            },
        ),
        migrations.CreateModel(
            name="CheckoutPayment",
            fields=[
                ("id", models.UUIDField(default=orders.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("source", models.CharField(choices=[("link", "Link"), ("shop", "Shop")], max_length=4)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("opening", "Opening"),
                            ("open", "Open"),
                            ("paid", "Paid"),
                            ("used", "Used"),
                            ("closed", "Closed"),
                            ("returning", "Returning"),
                            ("returned", "Returned"),
                            ("refused", "Refused"),
                        ],
                        max_length=9,
                    ),
                ),
                ("gateway", models.CharField(max_length=40)),
                ("capture", models.CharField(max_length=11)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("reference", models.CharField(blank=True, default="", max_length=100)),
                ("url", models.TextField(blank=True, default="")),
                ("payment_reference", models.CharField(blank=True, default="", max_length=100)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("check_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(editable=False)),
                ("updated_at", models.DateTimeField(editable=False)),
            ],
            options={
                "db_table": "checkout_payments",
                "ordering": ("order", "created_at"),
            },
        ),
        migrations.RemoveConstraint(
            model_name="event",
            name="events_type_known",
        ),
        migrations.RemoveConstraint(
            model_name="order",
            name="orders_waiting_for_known",
        ),
        migrations.RemoveConstraint(
            model_name="payment",
            name="payments_one_live_per_order",
        ),
        migrations.RemoveConstraint(
            model_name="payment",
            name="payments_refunded_within_amount",
        ),
        migrations.RemoveConstraint(
            model_name="payment",
            name="payments_refunded_was_captured",
        ),
        migrations.RemoveConstraint(
            model_name="payment",
            name="payments_state_known",
        ),
        migrations.AddField(
            model_name="payment",
            name="authorised_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="payment",
            name="capture",
            field=models.CharField(
                choices=[("immediate", "Immediate"), ("on_shipment", "On Shipment")],
                db_default="immediate",
                default="immediate",
                max_length=11,
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="captured",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL(
            FUNCTIONS.format(status=PAYMENT_STATUS, captured="captured"),
            FUNCTIONS.format(status=BEFORE, captured="amount"),
        ),
        migrations.RunSQL(CAPTURED, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="payment",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("authorised", "Authorised"),
                    ("captured", "Captured"),
                    ("declined", "Declined"),
                    ("voided", "Voided"),
                    ("expired", "Expired"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
        AddConstraintNotValid(
            model_name="event",
            constraint=models.CheckConstraint(condition=models.Q(("type__in", EVENT_TYPES)), name="events_type_known"),
        ),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("waiting_for__in", WAITING_FOR)), name="orders_waiting_for_known"
            ),
        ),
        migrations.AddField(
            model_name="banktransfer",
            name="command",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="transfer", to="orders.command"
            ),
        ),
        migrations.AddField(
            model_name="banktransfer",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="banktransfer",
            name="payment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transfers",
                to="orders.payment",
            ),
        ),
        migrations.AddField(
            model_name="checkoutpayment",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="checkouts", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="checkout",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payment",
                to="orders.checkoutpayment",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("state", "authorised")), fields=["authorised_until"], name="payments_authorised"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["pending", "authorised", "captured"])),
                fields=("order",),
                name="payments_one_live_per_order",
            ),
        ),
        AddConstraintNotValid(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("refunded__gte", 0), ("refunded__lte", models.F("captured"))),
                name="payments_refunded_within_captured",
            ),
        ),
        AddConstraintNotValid(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("captured__gte", 0), ("captured__lte", models.F("amount"))),
                name="payments_captured_within_amount",
            ),
        ),
        AddConstraintNotValid(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("captured__gt", 0), ("state", "captured")),
                    ("state", "cancelled"),
                    ("captured", 0),
                    _connector="OR",
                ),
                name="payments_captured_by_state",
            ),
        ),
        AddConstraintNotValid(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["pending", "authorised", "captured", "declined", "voided", "expired", "failed", "cancelled"],
                    )
                ),
                name="payments_state_known",
            ),
        ),
        AddConstraintNotValid(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("capture__in", ["immediate", "on_shipment"])), name="payments_capture_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="banktransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="bank_transfers_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="banktransfer",
            constraint=models.UniqueConstraint(
                fields=("reference", "received_on", "amount", "currency"), name="bank_transfers_recorded_once"
            ),
        ),
        migrations.AddIndex(
            model_name="checkoutpayment",
            index=models.Index(
                condition=models.Q(("check_at__isnull", False)), fields=["check_at"], name="checkout_payments_to_check"
            ),
        ),
        migrations.AddIndex(
            model_name="checkoutpayment",
            index=models.Index(
                condition=models.Q(("reference", ""), _negated=True),
                fields=["reference"],
                name="checkout_payments_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkoutpayment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("payment_reference", ""), _negated=True),
                fields=("gateway", "payment_reference"),
                name="checkout_payments_pay_one_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkoutpayment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="checkout_payments_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="checkoutpayment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["opening", "open", "paid", "used", "closed", "returning", "returned", "refused"])
                ),
                name="checkout_payments_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkoutpayment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["opening", "open", "closed"]),
                    models.Q(("payment_reference", ""), _negated=True),
                    _connector="OR",
                ),
                name="checkout_payments_paid_by_a_payment",
            ),
        ),
        migrations.AlterField(
            "paymentdiscrepancy",
            "kind",
            models.CharField(
                choices=[
                    ("unknown_charge", "Charge unknown here"),
                    ("charge_not_recorded", "Charge recorded as not made"),
                    ("capture_missing", "Capture missing at the gateway"),
                    ("amount_differs", "Captured amount differs"),
                    ("refund_made_elsewhere", "Refund made elsewhere"),
                    ("refund_missing", "Refund missing at the gateway"),
                    ("disputed", "Disputed by the customer"),
                    ("overpaid", "Paid too much by bank transfer"),
                    ("outcome_not_recorded", "Outcome not recorded"),
                ],
                max_length=30,
            ),
        ),
        migrations.RemoveConstraint("command", "commands_kind_known"),
        AddConstraintNotValid(
            "command",
            models.CheckConstraint(condition=models.Q(kind__in=COMMAND_KINDS), name="commands_kind_known"),
        ),
        migrations.RemoveIndex("payment", "payments_taken"),
        migrations.AddIndex(
            "payment",
            models.Index(
                condition=models.Q(("state", "captured"), ("refunded__gt", 0), _connector="OR"),
                fields=["created_at"],
                include=["currency", "captured"],
                name="payments_taken",
            ),
        ),
    ]
