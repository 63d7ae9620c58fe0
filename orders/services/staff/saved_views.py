"""Saved views of the order list."""

from uuid import UUID

from orders.models import SavedView


def save_view(owner_id: int, *, name: str, query: str, is_shared: bool) -> SavedView:
    """Save a view; one with the same name by the same person is replaced."""
    view, _ = SavedView.objects.update_or_create(
        owner_id=owner_id, name=name, defaults={"query": query, "is_shared": is_shared}
    )
    return view


def delete_view(view_id: UUID, *, owner_id: int) -> bool:
    """Delete a view of this person; returns whether there was one."""
    return bool(SavedView.objects.filter(pk=view_id, owner_id=owner_id).delete()[0])
