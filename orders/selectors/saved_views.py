"""Saved views of the order list."""

from django.db.models import Q

from orders.models import SavedView


def views_for(user_id: int) -> list[SavedView]:
    """A person's own views and those shared by others, by name."""
    return list(
        SavedView.objects.filter(Q(owner=user_id) | Q(is_shared=True)).select_related("owner").order_by("name", "id")
    )
