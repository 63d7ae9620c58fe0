"""Indexes for the list of orders, its filters and its search, made and dropped beside whoever writes."""

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    # No index is made concurrently within a transaction.
    atomic = False

    dependencies = [
        ("orders", "0021_payments_became"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="payment",
            index=models.Index(condition=~Q(became="charged"), fields=["became", "order"], name="payments_became"),
        ),
        RemoveIndexConcurrently(model_name="payment", name="payments_not_captured"),
        RemoveIndexConcurrently(model_name="payment", name="payments_refunded"),
        AddIndexConcurrently(
            model_name="event",
            index=models.Index(condition=Q(type="address_changed"), fields=["order"], name="events_address_changed"),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["currency", "-created_at", "total"], name="orders_worth_created"),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["fulfilment", "-created_at"], name="orders_fulfilment_created"),
        ),
        AddIndexConcurrently(
            model_name="orderitem",
            index=models.Index(OpClass("sku", "text_pattern_ops"), F("order"), name="order_items_sku_prefix"),
        ),
        migrations.AlterField(model_name="orderitem", name="sku", field=models.CharField(max_length=64)),
    ]
