"""The table of the list of orders."""

from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.admin.views.main import ChangeList

register = template.Library()


@register.inclusion_tag("admin/orders/order/table.html")
def order_table(cl: ChangeList) -> dict[str, Any]:
    """What Django's `result_list` renders, for a list that no column sorts."""
    return {"cl": cl, "headers": result_headers(cl)}
