"""Views of the list of orders that people come back to."""

from django.urls import reverse

from orders.lifecycle import Status
from orders.models import SavedView
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order_in

LIST = reverse("admin:orders_order_changelist")
SAVE = reverse("admin:orders_order_save_view")


def saved(desk: Desk, **fields: str) -> SavedView:
    """A view that this person has kept."""
    name = f"View {unique()}"
    desk.post(SAVE, {"name": name, "query": "status__exact=paid", **fields})
    return SavedView.objects.get(name=name)


def test_it_keeps_what_the_list_shows_as_a_link_to_it(desk: Desk) -> None:
    paid, shipped = an_order_in(Status.PAID), an_order_in(Status.SHIPPED)
    view = saved(desk, query="status__exact=paid&p=3")
    assert f'href="{LIST}?{view.query}"' in desk.get(LIST)
    page = desk.get(f"{LIST}?{view.query}")
    assert paid.code in page
    assert shipped.code not in page
    assert "p=3" not in view.query


def test_it_marks_the_view_that_is_shown(desk: Desk) -> None:
    view = saved(desk, query="q=abc&status__exact=paid")
    assert f'aria-current="page">{view.name}' in desk.get(LIST, status__exact="paid", q="abc")
    assert f'aria-current="page">{view.name}' not in desk.get(LIST, status__exact="paid")


def test_it_shows_a_view_to_others_only_if_it_is_shared(desk: Desk, other: Desk) -> None:
    mine, ours = saved(desk), saved(desk, is_shared="on")
    page = other.get(LIST)
    assert ours.name in page
    assert "shared by Ann Operator" in page
    assert mine.name not in page


def test_it_shares_nothing_for_who_may_not_share(viewer: Desk, other: Desk) -> None:
    view = saved(viewer, is_shared="on")
    assert not view.is_shared
    assert view.name not in other.get(LIST)
    assert "Share with all staff" not in viewer.get(LIST, status__exact="paid")


def test_it_replaces_a_view_of_the_same_name(desk: Desk) -> None:
    view = saved(desk)
    desk.post(SAVE, {"name": view.name, "query": "status__exact=shipped"})
    assert SavedView.objects.get(owner=desk.user).query == "status__exact=shipped"


def test_it_forgets_a_view_of_ones_own(desk: Desk) -> None:
    view = saved(desk)
    assert "View deleted." in desk.post(reverse("admin:orders_order_delete_view", args=[view.pk]), {})
    assert view.name not in desk.get(LIST)


def test_it_leaves_other_peoples_views_alone(desk: Desk, other: Desk) -> None:
    view = saved(desk, is_shared="on")
    answer = other.client.post(reverse("admin:orders_order_delete_view", args=[view.pk]))
    assert answer.status_code == 404
    assert SavedView.objects.filter(pk=view.pk).exists()


def test_it_asks_for_a_name(desk: Desk) -> None:
    assert "enter a name" in desk.post(SAVE, {"name": "", "query": "q=x"})
