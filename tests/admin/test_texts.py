"""What staff type is stored as every other text, and they are told what is wrong with it."""

import pytest
from django.urls import reverse

from orders.ids import uuid7
from orders.models import Note, SavedView
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order

CARD = "4111 1111 1111 1111"


def note_down(desk: Desk, text: str) -> tuple[str, list[str]]:
    order = an_order()
    page = desk.post(reverse("admin:orders_order_note", args=[order.pk]), {"note": str(uuid7()), "text": text})
    return page, [note.text for note in Note.objects.filter(order=order)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"pays with {CARD}", "This must not contain a card number."),
        ("\u200b", "This must not contain invisible characters. Please type it anew."),
        ("a\u202eb", "This must not contain characters that turn the direction of writing."),
        ("", "Enter a text of at most 4000 characters."),
    ],
)
def test_a_note_that_may_not_be_stored_is_not_and_it_says_why(desk: Desk, text: str, fault: str) -> None:
    page, notes = note_down(desk, text)
    assert f"The note was not added. {fault}" in page
    assert notes == []


def test_a_note_keeps_its_lines_and_is_composed(desk: Desk) -> None:
    _, notes = note_down(desk, " Jose\u0301 called.\r\nHe waits.\u3000")
    assert notes == ["José called.\nHe waits."]


@pytest.mark.parametrize("query", [f"q={CARD.replace(' ', '+')}", "q=%E2%80%8B"])
def test_a_view_is_not_kept_with_a_search_that_may_not_be_stored(desk: Desk, query: str) -> None:
    name = f"View {unique()}"
    page = desk.post(reverse("admin:orders_order_save_view"), {"name": name, "query": query})
    assert "This must not contain" in page
    assert not SavedView.objects.filter(name=name).exists()


def test_a_limit_is_set_for_an_article_that_looks_like_a_card_number(desk: Desk) -> None:
    page = desk.post(reverse("admin:orders_skulimit_add"), {"sku": CARD, "max_quantity": "3"})
    assert "was added successfully" in page


def test_nobody_is_blocked_by_an_address_that_nobody_can_type(desk: Desk) -> None:
    page = desk.post(reverse("admin:orders_blockedcustomer_add"), {"email": "bad@example.com\u200b", "reason": CARD})
    assert "This must not contain invisible characters." in page
    assert "This must not contain a card number." in page
