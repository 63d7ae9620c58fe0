"""What a page shows of an order finds it, typed whole or begun, whatever its accents, case and punctuation."""

import unicodedata
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from orders.address import Address
from orders.lifecycle import Status
from orders.models import Order
from orders.search_text import MAX_TEXT, MAX_TYPED, SearchTerm, interpretations, search_text
from orders.selectors import searching
from orders.selectors.searching import orders_found
from orders.services.customers.email_correction import correct_email
from orders.services.orders.placement import NewItem
from orders.text import normalised
from tests.conftest import unique
from tests.factories import an_order, an_order_in, command

NAMES = [
    ("A/B GmbH", ["A/B GmbH", "A/B", "a/b gm", "AB GmbH", "A B GmbH", "A-B", "gmbh"]),
    ("A B GmbH", ["A/B GmbH", "A/B"]),
    ("AB GmbH", ["A/B GmbH"]),
    ("A & B", ["A & B", "A&B", "&"]),
    ("J.R.R. Tolkien", ["J.R.R. Tolkien", "J.R.", "JRR Tolkien", "J. R. R. Tolkien", "Tolkien, J.R.R."]),
    ("Amazon.de", ["Amazon.de", "amazon", "Amazon.d", "amazonde", "amazon de"]),
    ("Ann O’Neill", ["O'Neill", "ONeill", "o neill", "neill", "O´Neill", "Oʼneill"]),
    ("Anne-Marie Müller-Lüdenscheidt", ["Müller-Lüdenscheidt", "muller ludenscheidt", "Lüdensch", "MULLER", "annem"]),
    ("Straße Ørsted", ["STRASSE", "strasse", "Straß", "orsted", "Ørst"]),
    ("Łódź Đorđe İpek Iğdır", ["lodz", "dorde", "ipek", "igdir", "IĞDIR"]),
    ("Ελένη Παπαδόπουλος", ["ΕΛΕΝΗ", "ελενη", "παπαδοπουλοσ", "Παπαδ"]),
    ("Алёна Чайковский", ["алена", "ЧАЙКОВСКИЙ", "Чайк"]),
    ("田中太郎", ["田中", "田中太郎", "太郎", "田", "太"]),
    ("王芳", ["王芳", "王", "芳"]),
    ("김철수", ["김철수", "철수", "김"]),
    ("ガガーリン", ["ｶﾞｶﾞｰﾘﾝ", "ガガ"]),
    ("प्रिया शर्मा", ["प्रिया", "शर्मा", "प्रि"]),
    ("สมชาย ใจดี", ["สมชาย", "ชาย", "ใจดี"]),
    ("مُحَمَّد علی", ["محمد", "علي", "مح"]),
    ("שָׁלוֹם", ["שלום", "שלו"]),
    ("100% _cool_ \\ back", ["100%", "_cool_", "cool", "back"]),
    ("★ Café", ["★", "Cafe", "CAFÉ", "★ Café"]),
]


def compare(text: str, typed: str) -> bool:
    """Whether an order of this name has all words of one reading, as the database compares them."""
    words = f" {words_of(customer_name=text)}"
    return any(
        all(any(f" {p}" in words for p in word.prefixes) for word in reading) for reading in interpretations(typed)
    )


def words_of(items: tuple[NewItem, ...] = (), numbers: tuple[str, ...] = (), **fields: Any) -> str:
    order = Order(**{"code": "222-333-444", "customer_name": "x", "customer_email": "x@example.com", **fields})
    order.shipping_address = {}
    return search_text(order, items, numbers)


@pytest.mark.parametrize(("name", "typed"), [(name, typed) for name, all_typed in NAMES for typed in all_typed])
def test_a_name_is_found_by(name: str, typed: str) -> None:
    assert compare(name, typed)


@pytest.mark.parametrize(
    ("name", "typed"), [("Amazon.de", "mazon"), ("A/B GmbH", "q"), ("प्रिया", "परया"), ("a", "%"), ("a", "_")]
)
def test_a_name_is_not_found_by(name: str, typed: str) -> None:
    assert not compare(name, typed)


def stored(text: str) -> str:
    """As a text from outside is stored, or nothing where it is refused."""
    try:
        return normalised(text)
    except ValueError:
        return ""


SHOWN = st.text(max_size=40).map(stored).filter(bool)


@given(SHOWN)
def test_any_text_is_found_whole(text: str) -> None:
    assert compare(text, text)


@given(SHOWN, st.integers(1, 40))
def test_any_text_is_found_by_its_beginning(text: str, length: int) -> None:
    begun = text[:length]
    cut = unicodedata.normalize("NFKD", text[length : length + 1] or "x")
    if not unicodedata.combining(cut[0]):  # nobody types half a letter
        assert compare(text, begun)


@given(SHOWN)
def test_case_and_composition_do_not_matter(text: str) -> None:
    assert compare(text, unicodedata.normalize("NFD", text))
    assert compare(text, text.casefold())


@given(st.text(max_size=1200))
def test_whatever_is_typed_the_database_understands(typed: str) -> None:
    for words in interpretations(typed):
        query = searching._in_index(Order.objects.values("pk"), words, ":*").query
        sql, values = query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}", values)


def test_a_text_longer_than_anything_shown_is_no_search() -> None:
    assert interpretations("a " * MAX_TYPED) == []
    assert interpretations("x" * 300) == [[SearchTerm(("x" * 40,))]]


def test_an_order_with_as_many_words_as_can_be_is_placed() -> None:
    thai = "".join(chr(0x0E01 + place % 40) for place in range(200))
    items = [NewItem(sku=f"S{n}", quantity=1, unit_price=1, name=f"{n}{thai[n:]}{thai[:n]}"[:200]) for n in range(100)]
    order = an_order(items=items)
    assert len(order.search_text) <= MAX_TEXT
    assert found(order.code) == [order]


def found(typed: str) -> list[Order]:
    return list(orders_found(Order.objects.all(), typed))


@pytest.fixture(scope="module")
def shown() -> Order:
    address = Address(street="Hauptstraße 12", city="Bad Tölz", postal_code="LS1 97X", country="DE")
    mark = unique()
    items = [NewItem(sku=f"SKU/{mark}-1", quantity=1, unit_price=100, name=f"Teekännchen {mark}")]
    fields = {
        "reference": f"R {mark}/0042",
        "customer_name": f"A/B {mark} GmbH",
        "customer_email": f"a.b-{mark}@example.com",
    }
    return an_order_in(Status.SHIPPED, address=address, items=items, **fields)


@pytest.mark.parametrize(
    "typed",
    [
        *("{code}", "{code:.9}", "{glued}", "{reference}", "R{mark}", "{mark}/0042 r", "{name}", "{mark} gm"),
        *("{email}", "{email:.16}", "hauptstrasse 12 {mark}", "Tolz {mark}", "LS197X {mark}", "ls1 97 {mark}", "{sku}"),
        *("sku{mark}", "Teekannchen {mark}", "{tracking}", "{tracking:.6} {mark}", "{last} {mark}", "{id}"),
        *("{name} Hauptstraße 12, Bad Tölz LS1 97X, DE",),
    ],
)
def test_an_order_is_found_by_everything_its_page_shows(shown: Order, typed: str) -> None:
    item, parcel = shown.items.get(), shown.shipments.get()
    values = {
        "code": shown.code,
        "glued": shown.code.replace("-", "").lower(),
        "reference": shown.reference,
        "mark": item.sku[4:-2],
        "name": shown.customer_name,
        "email": shown.customer_email,
        "sku": item.sku,
        "tracking": parcel.tracking_number,
        "last": parcel.tracking_number[-5:],
        "id": str(shown.pk),
    }
    assert found(typed.format(**values)) == [shown]


def test_short_words_are_found_as_wholes_in_orders_of_any_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "LONG_SCAN_LIMIT", 1)
    order, _begun, _newest = an_order(customer_name="Qx Zw"), an_order(customer_name="Qxa Zwa"), an_order()
    assert found("qx zw") == [order]


def test_a_corrected_address_and_e_mail_are_found_and_the_former_are_not() -> None:
    mark = unique()
    order = an_order_in(Status.IN_REVIEW, customer_email=f"wrong{mark}@example.com")
    command(order, "update_address", args={"address": {"street": f"Neu{mark} 1", "city": "Anytown", "state": "CA"}})
    assert found(f"neu{mark}") == [order]
    correct_email(
        order.pk, email=f"right{mark}@example.com", was=order.customer_email, actor="staff:1", correction=order.pk
    )
    assert found(f"neu{mark}") == found(f"right{mark}@example.com") == [order]
    assert found(f"wrong{mark}") == []


def test_tracking_numbers_are_found_whoever_booked_the_label() -> None:
    order, number = an_order_in(Status.PAID, fulfilment="manual"), f"HAND{unique()}"
    for kind in ("pick", "pack"):
        command(order, kind)
    command(order, "ship", args={"carrier": "dhl", "tracking_number": number})
    assert found(number) == [order]


def test_an_order_that_an_older_process_placed_is_found_once_its_words_are_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = an_order()
    Order.objects.filter(pk=order.pk).update(search_text="")
    assert found(order.code) == []
    call_command("rewrite_search_text")
    assert found(order.code) == [order]
    call_command("rewrite_search_text")
    assert "Search text of 0 orders" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("status", [Status.RECEIVED, Status.DELIVERED, Status.CANCELLED, Status.SHIPPED])
def test_an_order_carries_the_words_of_its_rows(status: Status) -> None:
    order = an_order_in(status)
    numbers = [parcel.tracking_number for parcel in order.shipments.all()]
    assert set(order.search_text.split()) == set(search_text(order, order.items.all(), numbers).split())
