"""The admin site, as an app of its own so that the stock one need not be registered twice."""

from django.contrib.admin.apps import AdminConfig


class OrderlifeAdmin(AdminConfig):
    """The stock Django admin under our title."""

    default_site = "orders.admin.site.OrderlifeAdminSite"
