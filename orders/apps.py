"""The business of orders."""

from typing import Any

from django.apps import AppConfig, apps
from django.apps.registry import Apps
from django.db.models.signals import post_migrate


class OrdersConfig(AppConfig):
    """Owns the schema, and with it who may do what."""

    name = "orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        """Let a later migration find the rights that the table has gained.

        Django makes the stock permissions of `orders` when it announces this app. Ours come with an app that is
        announced earlier, so that a new one is known as new.
        """
        post_migrate.connect(_grant_new_rights, sender=apps.get_app_config("auth"))


def _grant_new_rights(*, apps: Apps, using: str, **_: Any) -> None:
    # Services import the models, which are not there yet when this module is read.
    from orders.services.staff.people import grant_new_rights

    grant_new_rights(apps, using)
