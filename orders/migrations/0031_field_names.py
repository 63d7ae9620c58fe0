from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

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
]


class Migration(migrations.Migration):
    """Columns and event types under the names that the field uses. Workers are stopped for it.

    An event that is recorded stays as it is: the constraint holds for those that are still to come.
    """

    dependencies = [("orders", "0030_rate_limits_in_throttles")]

    operations = [
        migrations.RemoveIndex("payment", "payments_became"),
        migrations.RenameField("payment", "became", "payment_status"),
        migrations.AddIndex(
            "payment",
            models.Index(
                fields=["payment_status", "order"],
                condition=~models.Q(payment_status="charged"),
                name="payments_status",
            ),
        ),
        migrations.RenameField("bulkitem", "seen", "expected_version"),
        migrations.RemoveConstraint("event", "events_type_known"),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(condition=models.Q(type__in=EVENT_TYPES), name="events_type_known"),
        ),
    ]
