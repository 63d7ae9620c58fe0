"""The two tables of the plain way: see `bench/plain.py`."""

from django.db import models


class PlainOrder(models.Model):
    customer_name = models.TextField()
    customer_email = models.TextField()
    address = models.JSONField()
    total = models.IntegerField()
    currency = models.TextField()
    objects: models.Manager["PlainOrder"] = models.Manager()
    status = models.TextField(default="received")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "bench"
        db_table = "plain_orders"

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"


class PlainEvent(models.Model):
    order = models.ForeignKey(PlainOrder, on_delete=models.CASCADE, related_name="events")
    objects: models.Manager["PlainEvent"] = models.Manager()
    type = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "bench"
        db_table = "plain_events"

    def __str__(self) -> str:
        return f"{self.pk} {self.type}"
