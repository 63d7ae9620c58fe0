import django.db.models.deletion
from django.conf import settings
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


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0034_payment_decline_code"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PaymentDiscrepancy",
            fields=[
                ("id", models.UUIDField(default=orders.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
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
                            ("outcome_not_recorded", "Outcome not recorded"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("repaired", "Repaired"), ("resolved", "Resolved")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("gateway", models.CharField(max_length=40)),
                ("reference", models.CharField(blank=True, max_length=100)),
                ("currency", models.CharField(max_length=3)),
                ("expected", models.BigIntegerField(default=0)),
                ("found", models.BigIntegerField(default=0)),
                ("found_at", models.DateTimeField(editable=False)),
                ("last_found_at", models.DateTimeField(editable=False)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.TextField(blank=True, default="")),
            ],
            options={
                "verbose_name_plural": "payment discrepancies",
                "db_table": "payment_discrepancies",
                "ordering": ("-found_at",),
            },
        ),
        migrations.RemoveConstraint(
            model_name="event",
            name="events_type_known",
        ),
        # An event that is recorded stays as it is: the constraint holds for those that are still to come.
        AddConstraintNotValid(
            model_name="event",
            constraint=models.CheckConstraint(condition=models.Q(type__in=EVENT_TYPES), name="events_type_known"),
        ),
        migrations.AddField(
            model_name="paymentdiscrepancy",
            name="order",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payment_discrepancies",
                to="orders.order",
            ),
        ),
        migrations.AddField(
            model_name="paymentdiscrepancy",
            name="payment",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="discrepancies",
                to="orders.payment",
            ),
        ),
        migrations.AddField(
            model_name="paymentdiscrepancy",
            name="resolved_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="paymentdiscrepancy",
            index=models.Index(fields=["-found_at"], name="payment_discrepancies_found"),
        ),
        migrations.AddIndex(
            model_name="paymentdiscrepancy",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["found_at"], name="payment_discrepancies_open"
            ),
        ),
        migrations.AddIndex(
            model_name="paymentdiscrepancy",
            index=models.Index(
                condition=models.Q(("order__isnull", False)), fields=["order"], name="payment_discrepancies_order"
            ),
        ),
        migrations.AddIndex(
            model_name="paymentdiscrepancy",
            index=models.Index(
                condition=models.Q(("payment__isnull", False)), fields=["payment"], name="payment_discrepancies_payment"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentdiscrepancy",
            constraint=models.UniqueConstraint(
                fields=("gateway", "reference", "kind", "expected", "found"), name="payment_discrepancies_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentdiscrepancy",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "repaired", "resolved"])),
                name="payment_discrepancies_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentdiscrepancy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at__isnull", False), ("state", "resolved")),
                    models.Q(models.Q(("state", "resolved"), _negated=True), ("resolved_at", None)),
                    _connector="OR",
                ),
                name="payment_discrepancies_resolved_at",
            ),
        ),
    ]
