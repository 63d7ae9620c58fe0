"""Mails: which there are, what they say and in which language, read from the real backend."""

import email
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.utils import timezone
from pytest_django import Settings

from orders.address import Address
from orders.lifecycle import EventType, Status
from orders.mails import ALWAYS, CAUSED_BY, NO_MAILS, SWITCHABLE, Mail
from orders.models import ApiClient, Delivery, Order
from orders.services.customers.access import is_token_of, tracking_url
from orders.services.customers.lost_links import ask_for_links, write_requested_links
from orders.services.customers.proof import digits, send_code
from orders.services.notifications import review_delays, sending
from orders.services.notifications.email_texts import CODE_SIGNATURE, EMAIL_TEXTS, GREETING, SIGNATURE
from orders.services.state.deliveries import send_again, write_mail
from orders.services.state.transition import record
from orders.services.state.unit_of_work import locked_order
from stack.state import ROOT
from tests.conftest import unique
from tests.factories import a_return, an_order, an_order_in, command, handed_over

LANGUAGES = ["de", "es", "fr"]


@pytest.fixture(autouse=True)
def inbox(settings: Any, tmp_path: Path) -> Path:
    """Where mails are put as files, as the embedded stack has it."""
    settings.MAILS = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mails")
    return tmp_path / "mails"


def letters_of(order: Order) -> list[Delivery]:
    return list(order.deliveries.filter(channel="mail").order_by("created_at"))


def sent(inbox: Path, row: Delivery) -> EmailMessage:
    """The mail as it left, sent by the sender's own services."""
    row = Delivery.objects.get(pk=row.pk)
    claimed = sending.Claimed(
        id=row.pk, number=1, endpoint_id=None, give_up_at=row.give_up_at, item=sending._ready(row)
    )
    sending.record_attempts([sending.send(claimed)])
    (file,) = [path for path in inbox.iterdir() if str(row.pk) in path.read_text()]
    message = email.message_from_bytes(file.read_bytes(), policy=default)
    file.unlink()
    assert isinstance(message, EmailMessage)
    return message


def words_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part
    return str(part.get_content())


def test_an_order_on_its_way_causes_these_mails_and_no_others() -> None:
    assert [row.template for row in letters_of(an_order_in(Status.DELIVERED))] == ["received", "shipped", "delivered"]
    assert [row.template for row in letters_of(an_order_in(Status.CANCELLED))] == ["received", "refunded", "cancelled"]


@pytest.mark.parametrize("event", list(CAUSED_BY))
def test_every_event_of_the_table_causes_its_mail_and_it_can_be_sent(inbox: Path, event: EventType) -> None:
    order = an_order_in(Status.SHIPPED)
    with locked_order(order.pk) as locked:
        record(locked, event, actor="system", key=unique(), data={"amount": 1050, "currency": "USD"})
    row = letters_of(order)[-1]
    message = sent(inbox, row)
    assert row.template == CAUSED_BY[event]
    assert message["Subject"] == EMAIL_TEXTS[CAUSED_BY[event]].subject.format(code=order.code)
    assert Delivery.objects.get(pk=row.pk).state == "sent"


def test_a_mail_has_the_customers_link_in_both_forms_and_a_name_that_is_always_the_same(inbox: Path) -> None:
    order = an_order_in(Status.IN_REVIEW, customer_name="Ann <b>Bold</b>")
    (row,) = letters_of(order)
    message = sent(inbox, row)
    assert message["To"] == order.customer_email
    assert message["Message-ID"] == f"<{row.pk}@127.0.0.1>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert tracking_url(order) in words_of(message)
    assert "Hello Ann <b>Bold</b>," in words_of(message)
    assert "Ann &lt;b&gt;Bold&lt;/b&gt;" in words_of(message, "html")
    assert is_token_of(order, words_of(message, "html").partition("token=")[2].partition('"')[0])


def test_nothing_of_what_a_mail_says_is_stored() -> None:
    order = an_order_in(Status.IN_REVIEW)
    (row,) = letters_of(order)
    stored = str(Delivery.objects.filter(pk=row.pk).values().get())
    assert order.customer_email not in stored
    assert "token" not in stored


def test_a_mail_says_what_the_order_knows_when_it_is_sent(inbox: Path) -> None:
    order = an_order_in(Status.SHIPPED)
    number = order.shipments.get().tracking_number
    assert number in words_of(sent(inbox, letters_of(order)[-1]))
    Order.objects.filter(pk=order.pk).update(customer_email="elsewhere@example.com")
    assert sent(inbox, order.deliveries.get(template="received"))["To"] == "elsewhere@example.com"


def test_a_refund_says_how_much(inbox: Path) -> None:
    order = an_order_in(Status.CANCELLED)
    assert "99.99 USD" in words_of(sent(inbox, order.deliveries.get(template="refunded")))


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "We have received your order"),
        ("de-AT", "Wir haben Ihre Bestellung"),
        ("es", "Hemos recibido su pedido"),
        ("fr_FR", "Nous avons reçu votre commande"),
        ("xx", "We have received your order"),
    ],
)
def test_a_mail_is_in_the_language_of_the_order(inbox: Path, locale: str, subject: str) -> None:
    message = sent(inbox, letters_of(an_order_in(Status.IN_REVIEW, locale=locale))[0])
    assert message["Subject"].startswith(subject)


@pytest.mark.parametrize(
    ("locale", "sum_"), [("en", "99.99 USD"), ("de", "99,99 USD"), ("es", "99,99 USD"), ("fr", "99,99 USD")]
)
def test_amounts_are_written_as_in_the_language_of_the_order(inbox: Path, locale: str, sum_: str) -> None:
    order = an_order_in(Status.CANCELLED, locale=locale)
    for row in (letters_of(an_order_in(Status.IN_REVIEW, locale=locale))[0], order.deliveries.get(template="refunded")):
        assert sum_ in words_of(sent(inbox, row)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("locale", "begins"), [("en", "Thank you"), ("de", "vielen Dank"), ("es", "Gracias"), ("fr", "Merci")]
)
def test_a_mail_goes_on_after_its_greeting_as_the_language_does(inbox: Path, locale: str, begins: str) -> None:
    assert f"\n\n{begins}" in words_of(sent(inbox, letters_of(an_order_in(Status.IN_REVIEW, locale=locale))[0]))


def test_a_mail_that_asks_for_a_payment_says_until_when(inbox: Path) -> None:
    order = an_order_in(Status.AWAITING_PAYMENT, payment_method="tok_declined", locale="de")
    assert order.deadline
    until = f"{format_date(order.deadline, 'long', locale='de')}, {order.deadline:%H:%M} UTC"
    text = words_of(sent(inbox, order.deliveries.get(template="payment_needed")))
    assert f"Bitte bezahlen Sie bis zum {until}." in text


@pytest.mark.usefixtures("tracked_parcelpost")
def test_a_mail_of_a_shipped_order_leads_to_the_carrier(inbox: Path) -> None:
    order = an_order_in(Status.SHIPPED)
    link = f"https://carrier.example/?n={order.shipments.get().tracking_number}"
    message = sent(inbox, letters_of(order)[-1])
    assert f"Track your parcel: {link}" in words_of(message)
    assert f'href="{link}"' in words_of(message, "html")


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"carrier": "Own van", "tracking_number": "V1"}, "Carrier: Own van, tracking number: V1"),
        ({"carrier": "Own van"}, "Carrier: Own van"),
        ({"tracking_number": "V1"}, "Tracking number: V1"),
        ({}, ""),
    ],
)
def test_a_mail_of_a_parcel_that_people_handed_over_says_what_they_named(
    inbox: Path, named: dict[str, str], says: str
) -> None:
    text = words_of(sent(inbox, letters_of(handed_over(**named))[-1]))
    assert "Your parcel is with the carrier." in text
    assert [line for line in text.splitlines() if "arrier:" in line or "umber:" in line] == ([says] if says else [])


def test_a_mail_says_what_to_send_back_where_and_until_when(inbox: Path, settings: Settings) -> None:
    settings.RETURN_ADDRESS = "Lamp Shop, 1 Way Back"
    row = a_return(an_order_in(Status.DELIVERED), approved=True)
    text = words_of(sent(inbox, row.order.deliveries.get(template="return_approved")))
    assert "Please send back: 1 × Lamp. The parcel must reach us by " in text
    assert "Return address: Lamp Shop, 1 Way Back" in text
    assert f"Write {row.order.code}-1 on the parcel." in text


def test_it_does_not_ask_for_a_parcel_that_is_not_waited_for_any_more(inbox: Path) -> None:
    row = a_return(an_order_in(Status.DELIVERED), approved=True)
    command(row.order, "receive_return", args={"return": str(row.pk)})
    text = words_of(sent(inbox, row.order.deliveries.get(template="return_approved")))
    assert "Your return is approved." in text
    assert "send back" not in text


def test_a_shop_sets_who_its_mails_come_from_and_which_there_are(inbox: Path) -> None:
    client = ApiClient.objects.create(
        name=f"shop {unique()}", mail_name="Müller, Lamps", mail_from="hello@lamps.example", mails_off=["shipped"]
    )
    order = an_order_in(Status.DELIVERED, client=client)
    assert [row.template for row in letters_of(order)] == ["received", "delivered"]
    sender = sent(inbox, letters_of(order)[0])["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ("Müller, Lamps", "hello@lamps.example")


def test_a_code_is_mailed_as_digits_that_are_stored_nowhere_and_not_after_it_is_over(inbox: Path) -> None:
    order = an_order()
    code = send_code(order.pk, client=unique())
    row = order.deliveries.get(template=Mail.ACCESS_CODE)
    message = sent(inbox, row)
    assert digits(code) in message["Subject"]
    assert digits(code) not in str(Delivery.objects.filter(pk=row.pk).values().get())
    assert "token=" not in words_of(message)
    code.tries = 5
    code.save()
    assert sending._ready(row).send(row.pk, timezone.now()).error == "The code holds no longer."


def test_lost_links_come_in_one_mail_for_all_orders_of_the_address(inbox: Path) -> None:
    address = f"{unique()}@example.com"
    orders = [an_order(customer_email=address) for _ in range(2)]
    ask_for_links(address.upper(), client=unique())
    write_requested_links()
    text = words_of(sent(inbox, Delivery.objects.get(order__in=orders, template=Mail.LOST_LINK)))
    assert all(tracking_url(order) in text for order in orders)


def test_a_customer_is_told_once_that_the_review_takes_longer(settings: Any) -> None:
    order, quick = an_order_in(Status.IN_REVIEW), an_order_in(Status.CHARGING)
    settings.REVIEW_MAIL_AFTER = 3600
    review_delays.notify_of_long_reviews()
    assert not order.deliveries.filter(template="review_delayed").exists()
    settings.REVIEW_MAIL_AFTER = 0.001
    for _ in range(2):
        review_delays.notify_of_long_reviews()
    assert order.deliveries.filter(template="review_delayed").count() == 1
    assert not quick.deliveries.filter(template="review_delayed").exists()


def test_where_no_mails_are_sent_none_are_written_and_one_that_is_asked_for_has_failed(settings: Any) -> None:
    settings.MAILS = False
    order = an_order()
    assert letters_of(order) == []
    row = write_mail(order, template=Mail.ACCESS_CODE)
    assert (row.state, row.last_error) == ("failed", NO_MAILS)


def test_a_change_of_address_is_told(inbox: Path) -> None:
    order = an_order_in(Status.IN_REVIEW)
    address = Address(street="1 New Road", city="Anytown", state="CA", country="US").as_json()
    command(order, "update_address", args={"address": address})
    message = sent(inbox, order.deliveries.get(template="address_changed"))
    assert "New Road" not in words_of(message)


def test_every_mail_can_be_switched_off_but_those_that_somebody_waits_for() -> None:
    assert set(SWITCHABLE) | ALWAYS == set(Mail) == set(EMAIL_TEXTS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated_with_its_places_and_compiled(language: str) -> None:
    directory = ROOT / f"locale/mails/{language}/LC_MESSAGES"
    with (directory / "django.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    words = {GREETING, SIGNATURE, CODE_SIGNATURE}
    for mail in EMAIL_TEXTS.values():
        words |= {mail.subject, *mail.lines, *filter(None, [mail.button])}
    translated = {str(message.id): str(message.string) for message in catalog if message.id}
    assert set(translated) == words
    assert all(places(text) == places(original) for original, text in translated.items())
    compiled = BytesIO()
    write_mo(compiled, catalog)
    assert compiled.getvalue() == (directory / "django.mo").read_bytes()


def places(text: str) -> list[str]:
    return sorted(word.partition("}")[0] for word in text.split("{")[1:])


def test_a_mail_that_was_sent_is_sent_again_when_staff_ask(inbox: Path) -> None:
    (row,) = letters_of(an_order_in(Status.IN_REVIEW))
    first = sent(inbox, row)
    assert sent(inbox, send_again(row.pk))["Message-ID"] == first["Message-ID"]
