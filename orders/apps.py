"""The business of orders."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Owns the schema."""

    name = "orders"
    verbose_name = "Orders"
