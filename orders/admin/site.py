"""The stock Django admin under our title."""

from django.contrib.admin import AdminSite


class OrderlifeAdminSite(AdminSite):
    """Where staff work."""

    site_header = site_title = "Orderlife"
    index_title = "Today"
