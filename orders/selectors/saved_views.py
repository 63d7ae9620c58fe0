"""The views that a person is offered above the list of orders."""

from django.db.models import Q

from orders.models import SavedView


def views_for(user_id: int) -> list[SavedView]:
    """A person's own and those that others share, by name."""
    return list(
        SavedView.objects.filter(Q(owner=user_id) | Q(is_shared=True)).select_related("owner").order_by("name", "id")
    )
