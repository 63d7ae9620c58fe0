"""Fills the words of the orders there are, batch by batch, and makes their index beside whoever writes."""

from typing import Any
from uuid import UUID

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

from orders.search_text import search_text

BATCH = 1000
# Only where it is still empty: an order that was placed or changed meanwhile has its words.
UPDATE = """
UPDATE orders SET search_text = filled.words
FROM unnest(%s::uuid[], %s::text[]) AS filled (id, words)
WHERE orders.id = filled.id AND orders.search_text = ''
"""


def fill(apps: Any, schema_editor: Any) -> None:
    orders = apps.get_model("orders", "Order").objects.filter(search_text="").order_by("pk")
    last = UUID(int=0)
    while batch := list(orders.filter(pk__gt=last).prefetch_related("items", "shipments")[:BATCH]):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(UPDATE, [[order.pk for order in batch], [_words(order) for order in batch]])
        last = batch[-1].pk


def _words(order: Any) -> str:
    items = sorted(order.items.all(), key=lambda item: item.position)
    shipments = sorted(order.shipments.all(), key=lambda shipment: shipment.attempt)
    return search_text(order, items, [shipment.tracking_number for shipment in shipments])


class Migration(migrations.Migration):
    # No index is made concurrently within a transaction, and each batch is one of its own.
    atomic = False

    dependencies = [
        ("orders", "0026_search_text"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(
                    models.Func(
                        models.F("search_text"),
                        models.Value(" "),
                        function="string_to_array",
                        output_field=django.contrib.postgres.fields.ArrayField(models.TextField()),
                    ),
                    function="array_to_tsvector",
                    output_field=django.contrib.postgres.search.SearchVectorField(),
                ),
                name="orders_search_words",
            ),
        ),
        RemoveIndexConcurrently(model_name="order", name="orders_customer_words"),
        RemoveIndexConcurrently(model_name="order", name="orders_email_prefix"),
    ]
