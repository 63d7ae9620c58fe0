"""Deliveries with their endpoints and attempts. The table of 0001 is made anew: nothing has written to it so far."""

import django.db.models.deletion
from django.db import migrations, models

import orders.ids

NOTIFY = """
CREATE FUNCTION orderlife_delivery_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('orderlife_deliveries', '');
    RETURN NULL;
END $$;
CREATE TRIGGER deliveries_notify AFTER INSERT ON deliveries
    FOR EACH ROW WHEN (NEW.state = 'pending') EXECUTE FUNCTION orderlife_delivery_notify();
CREATE TRIGGER deliveries_notify_again AFTER UPDATE OF state ON deliveries
    FOR EACH ROW WHEN (NEW.state = 'pending' AND OLD.state <> 'pending') EXECUTE FUNCTION orderlife_delivery_notify();
ALTER TABLE deliveries ENABLE ALWAYS TRIGGER deliveries_notify;
ALTER TABLE deliveries ENABLE ALWAYS TRIGGER deliveries_notify_again;
"""

SILENCE = """
DROP FUNCTION orderlife_delivery_notify CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_workflow_recovered"),
    ]

    operations = [
        migrations.DeleteModel("Delivery"),
        migrations.AddField(
            model_name="apiclient",
            name="mail_from",
            field=models.EmailField(blank=True, default="", max_length=254),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="mail_name",
            field=models.CharField(blank=True, default="", max_length=100),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="mails_off",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.UUIDField(default=orders.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("url", models.CharField(max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("disabled", "Disabled"), ("removed", "Removed")],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, default="", max_length=200)),
                ("nonce", models.CharField(default=orders.ids.access_nonce, editable=False, max_length=32)),
                ("previous_nonce", models.CharField(blank=True, default="", editable=False, max_length=32)),
                ("previous_until", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="endpoints", to="orders.apiclient"
                    ),
                ),
            ],
            options={
                "db_table": "webhook_endpoints",
                "ordering": ("created_at",),
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.UUIDField(default=orders.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("channel", models.CharField(choices=[("mail", "Mail"), ("webhook", "Webhook")], max_length=10)),
                ("recipient", models.CharField(max_length=300)),
                ("template", models.CharField(blank=True, default="", max_length=40)),
                ("about", models.JSONField(blank=True, default=dict)),
                ("key", models.CharField(blank=True, default="", max_length=100)),
                ("seq", models.IntegerField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("sent", "Sent"), ("failed", "Failed")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.IntegerField(default=0)),
                ("last_error", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField(editable=False)),
                ("available_at", models.DateTimeField(editable=False)),
                ("give_up_at", models.DateTimeField(editable=False)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="orders.event",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="orders.order"
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="orders.webhookendpoint",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "db_table": "deliveries",
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("status", models.IntegerField(blank=True, null=True)),
                ("error", models.CharField(blank=True, default="", max_length=200)),
                ("answer", models.TextField(blank=True, default="")),
                ("milliseconds", models.IntegerField()),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tries", to="orders.delivery"
                    ),
                ),
            ],
            options={
                "db_table": "delivery_attempts",
                "ordering": ("delivery", "number", "id"),
                "indexes": [models.Index(fields=["delivery", "number"], name="delivery_attempts_of_delivery")],
            },
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "removed"), _negated=True),
                fields=("client", "url"),
                name="webhook_endpoints_url_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["active", "disabled", "removed"])),
                name="webhook_endpoints_state_known",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("channel", "webhook"), ("state", "pending")),
                fields=["endpoint", "available_at"],
                name="deliveries_pending_webhooks",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("channel", "mail"), ("state", "pending")),
                fields=["available_at"],
                name="deliveries_pending_mails",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["order", "recipient", "seq"],
                name="deliveries_pending_of_order",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["-created_at"], name="deliveries_created"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "failed")), fields=["-created_at"], name="deliveries_failed"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("event", "channel", "recipient"), name="deliveries_once"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("key", ""), _negated=True),
                fields=("order", "template", "key"),
                name="deliveries_key_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["mail", "webhook"])), name="deliveries_channel_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "sent", "failed"])), name="deliveries_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "mail"), ("endpoint", None), models.Q(("template", ""), _negated=True)),
                    models.Q(
                        ("channel", "webhook"),
                        ("endpoint__isnull", False),
                        ("event__isnull", False),
                        ("seq__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="deliveries_know_what_and_where",
            ),
        ),
        migrations.RunSQL(NOTIFY, SILENCE),
    ]
