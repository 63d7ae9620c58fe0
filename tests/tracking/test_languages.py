"""The page in the customer's language and time zone."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client

from orders.form_fields import SENTENCES
from orders.languages import language_of, language_or_default
from orders.lifecycle import Status
from orders.models import Order
from orders.tracking import wording
from stack.state import ROOT
from tests.factories import an_order, an_order_in
from tests.tracking.conftest import Follow

LANGUAGES = ["de", "es", "fr"]
MARKED = re.compile(r"""{% (?:block)?translate "([^"]+)" """)
MARKED_PLACE = re.compile(r"%\((\w+)\)s")
PLACES = re.compile(r"{\w+}|%\(\w+\)s|</?strong>")
TITLES = {"en": "Your order is paid", "de": "Ihre Bestellung ist bezahlt", "fr": "Votre commande est payée"}


def page_of(order: Order) -> str:
    return f"/track/{order.code}/"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_with_its_places(language: str) -> None:
    with Path(ROOT / f"locale/pages/{language}/LC_MESSAGES/django.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    for message in catalog:
        original = message.id if isinstance(message.id, str) else message.id[0]
        texts = [message.string] if isinstance(message.string, str) else list(message.string or [""])
        assert all(texts), original
        assert {_places(text) for text in texts if original} <= {_places(original)}


def _places(text: str) -> tuple[str, ...]:
    return tuple(sorted(PLACES.findall(text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_texts_are_those_that_people_edit(language: str) -> None:
    directory = ROOT / f"locale/pages/{language}/LC_MESSAGES"
    compiled = BytesIO()
    with (directory / "django.po").open("rb") as po:
        write_mo(compiled, read_po(po, locale=language))
    assert compiled.getvalue() == (directory / "django.mo").read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_page_is_in_the_catalog(language: str) -> None:
    with Path(ROOT / f"locale/pages/{language}/LC_MESSAGES/django.po").open("rb") as file:
        known = {message.id for message in read_po(file, locale=language)}
    pages = [
        path.read_text() for folder in ("templates", "templates/tracking") for path in (ROOT / folder).glob("*.html")
    ]
    tables = [table for name, table in vars(wording).items() if name.isupper() and isinstance(table, dict)]
    said = {text for page in pages for text in MARKED.findall(page)}
    said |= {str(sentence) for sentence in SENTENCES.values()}
    said |= {text for table in tables for text in table.values() if isinstance(text, str)}
    said |= {name for name, _event in wording.STEPS} | {step for step, _event in wording.LAST_STEPS.values()}
    said |= {text for name, text in vars(wording).items() if name.isupper() and isinstance(text, str)}
    assert said - known == set()


def test_no_text_is_kept_that_no_page_shows() -> None:
    with (ROOT / "locale/pages/de/LC_MESSAGES/django.po").open("rb") as file:
        messages = [str(message.id if isinstance(message.id, str) else message.id[0]) for message in read_po(file)]
    files = [*(ROOT / "orders").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    source = "".join(file.read_text() for file in files if "admin" not in file.parts)
    # A string may be written in two parts.
    source = re.sub(r'"\n\s+"', "", source)
    assert [text for text in messages if MARKED_PLACE.sub(r"{{ \1 }}", text) not in source] == []


@pytest.mark.parametrize(
    ("locale", "browser", "language"),
    [
        ("de", "fr", "de"),
        ("de-AT", "fr", "de"),
        ("fr_CA", "de", "fr"),
        ("en", "de", "en"),
        ("pt-BR", "fr-CH,fr;q=0.9", "fr"),
        ("pt-BR", "", "en"),
    ],
)
def test_it_speaks_the_orders_language_or_else_the_browsers(
    customer: Follow, locale: str, browser: str, language: str
) -> None:
    order = an_order_in(Status.PAID, locale=locale)
    page = customer(order).get(page_of(order), headers={"accept-language": browser}).text
    assert f'<html lang="{language}">' in page
    assert f"<h1>{TITLES[language]}</h1>" in page


def test_amounts_dates_and_countries_are_written_as_the_language_writes_them(customer: Follow) -> None:
    order = an_order_in(Status.PAID, locale="de")
    page = customer(order).get(page_of(order)).text
    assert "99,99 USD bezahlt" in page.replace("\xa0", " ")
    assert "Vereinigte Staaten" in page
    assert re.search(r">\d{1,2}\. \w+\.? \d{4}, \d{2}:\d{2} UTC<", page)


def test_a_change_that_was_refused_is_told_in_one_language(customer: Follow) -> None:
    order = an_order_in(Status.SHIPPED, locale="es")
    client = customer(order)
    client.post(f"{page_of(order)}cancel/", {"form": str(order.pk)})
    page = client.get(page_of(order), {"change": str(order.commands.get(kind="cancel").pk)}).text
    assert "No se ha podido cancelar el pedido." in page
    assert "cannot be" not in page


def test_the_pages_before_sign_in_speak_the_browsers_language() -> None:
    assert "Bestellung finden" in Client(headers={"accept-language": "de"}).get("/track/").text
    assert "Find your order" in Client(headers={"accept-language": "ja"}).get("/track/").text


def test_what_goes_wrong_is_told_in_the_browsers_language_too() -> None:
    said = {"accept": "text/html", "accept-language": "de"}
    client = Client(headers=said, enforce_csrf_checks=True)
    assert "Bitte senden Sie das Formular noch einmal ab" in client.post("/track/", {"code": "x"}).text
    assert "Seite nicht gefunden" in client.get("/track/nowhere/at/all/").text


@pytest.mark.parametrize(("locale", "language"), [("de-CH", "de"), ("xx", None), ("", None), ("x" * 20, None)])
def test_a_locale_is_one_of_our_languages_or_none(locale: str, language: str | None) -> None:
    assert language_of(locale) == language
    assert language_or_default(locale) == (language or settings.LANGUAGE_CODE)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("", "UTC"),
        ("Europe/Berlin", "CE"),
        ("America/New_York", "E"),
        ("Mars/Olympus", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("x" * 500, "UTC"),
    ],
)
def test_it_tells_the_time_of_the_browsers_zone_and_names_it(customer: Follow, zone: str, shown: str) -> None:
    order = an_order()
    client = customer(order)
    client.cookies["orderlife_zone"] = zone
    page = client.get(page_of(order)).text
    assert re.search(rf", \d\d:\d\d {shown}[A-Z]*</time>", page)


def test_the_zone_is_part_of_what_a_page_asks_for(customer: Follow) -> None:
    order = an_order()
    client = customer(order)
    etag = client.get(f"{page_of(order)}live/")["ETag"]
    client.cookies["orderlife_zone"] = "Asia/Tokyo"
    assert client.get(f"{page_of(order)}live/", headers={"if-none-match": etag}).status_code == 200
