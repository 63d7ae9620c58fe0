from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from orders.gateways.payments.configured import payment_gateway
from orders.lifecycle import Status
from orders.models import Command, Order
from orders.services.commands.settle import begin
from orders.services.staff.api_keys import create_api_key, revoke_api_keys
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique
from tests.factories import an_order, settle

ITEM = ORDER["items"][0]


def test_it_accepts_the_example_and_says_where_to_follow_it(shop: Shop) -> None:
    response = shop.post("/orders", ORDER)
    answer = response.json()
    assert response.status_code == 201
    assert set(answer) >= {"order_id", "code", "workflow_id", "status", "tracking_url"}
    assert (answer["status"], answer["workflow_id"]) == ("received", f"order-{answer['order_id']}")


def test_an_accepted_order_is_a_row_an_event_and_a_command(shop: Shop) -> None:
    order = shop.place()
    assert [event.type for event in order.events.all()] == ["order_received"]
    assert [(row.kind, row.state) for row in order.commands.all()] == [("place", "pending")]
    assert (order.total, order.currency, order.address.country) == (9999, "USD", "US")


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [(99.99, "USD", 9999), ("99.99", "USD", 9999), (100, "JPY", 100), ("1.234", "KWD", 1234), (0.1, "USD", 10)],
)
def test_it_takes_money_exactly(shop: Shop, price: object, currency: str, minor: int) -> None:
    assert shop.place(items=[{**ITEM, "price": price}], currency=currency).total == minor


def test_it_names_every_wrong_field_at_once(shop: Shop) -> None:
    body = {"items": [{"sku": "", "qty": 0, "price": 1.234, "colour": "red"}], "customer_email": "x", "rush": True}
    response = shop.post("/orders", body)
    pointers = {fault["pointer"] for fault in response.json()["errors"]}
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert pointers >= {
        "/items/0/sku",
        "/items/0/qty",
        "/items/0/colour",
        "/customer_email",
        "/customer_name",
        "/shipping_address",
        "/rush",
    }


@pytest.mark.parametrize("quantity", [0, -1, 1.5, True, "1", 10_001])
def test_a_quantity_is_a_whole_number_above_zero(shop: Shop, quantity: object) -> None:
    response = shop.post("/orders", {**ORDER, "items": [{**ITEM, "qty": quantity}]})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/items/0/qty")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"currency": "XYZ"}, "/currency"),
        ({"items": []}, "/items"),
        ({"items": [{**ITEM, "price": 1.234}]}, "/items/0/price"),
        ({"items": [{**ITEM, "price": -1}]}, "/items/0/price"),
        ({"shipping_address": {"street": "1 Main", "city": "X", "country": "ZZ"}}, "/shipping_address/country"),
        ({"discount": 100}, "/discount"),
    ],
)
def test_it_points_at_what_is_wrong(shop: Shop, change: dict[str, Any], pointer: str) -> None:
    before = Order.objects.count()
    response = shop.post("/orders", {**ORDER, **change})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)
    assert Order.objects.count() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"a": NaN}', 400),
        (b'{"a": 1, "a": 2}', 400),
        (b'"text"', 400),
        (b'{"customer_name": "\\u0000"}', 400),
        (b'{"customer_name": "\\ud800"}', 400),
        (b'\xff{"a": 1}', 400),
        (b"[" * 60_000, 400),
        (b'{"a": ' + b"9" * 6_000 + b"}", 400),
        (b'{"a": "' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_what_is_no_json_of_ours_is_refused_with_a_problem(shop: Shop, body: bytes, status: int) -> None:
    response = shop.post("/orders", body)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


def test_it_wants_json_and_says_so() -> None:
    key = create_api_key(f"shop {unique()}")
    response = Client(headers={"authorization": f"Bearer {key}"}).post("/orders", {"a": "b"})
    assert response.status_code == 415


def test_a_shop_may_not_use_its_reference_twice_but_another_may(shop: Shop, another_shop: Shop) -> None:
    reference = f"R-{unique()}"
    shop.place(reference=reference)
    assert shop.post("/orders", {**ORDER, "reference": reference}).json()["type"].endswith("#reference_taken")
    another_shop.place(reference=reference)


def test_the_same_key_makes_one_order_and_gets_the_first_answer(shop: Shop) -> None:
    key = unique()
    first, second = (shop.post("/orders", ORDER, idempotency_key=key) for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert "tracking_url" in second.json()


def test_the_same_key_with_another_order_is_refused(shop: Shop) -> None:
    key = unique()
    shop.post("/orders", ORDER, idempotency_key=key)
    response = shop.post("/orders", {**ORDER, "customer_name": "Jane"}, idempotency_key=key)
    assert (response.status_code, response.json()["type"].partition("#")[2]) == (422, "idempotency_key_reused")


def test_no_stored_answer_holds_the_customers_link(shop: Shop) -> None:
    from orders.models import IdempotencyKey

    key = unique()
    token = shop.post("/orders", ORDER, idempotency_key=key).json()["tracking_url"].rpartition("=")[2]
    assert token not in str(IdempotencyKey.objects.get(key=key).body)


def test_it_shows_an_order_with_its_items_and_what_it_accepts(shop: Shop) -> None:
    order = shop.place()
    answer = shop.get(f"/orders/{order.pk}").json()
    assert answer["total"] == {"amount": "99.99", "minor": 9999, "currency": "USD"}
    assert (answer["items"][0]["sku"], answer["waiting_for"]) == ("ABC123", "validation")
    assert "cancel" in answer["accepts"]


def test_it_shows_the_events_in_order(shop: Shop) -> None:
    order = shop.place()
    begin(order.pk)
    events = shop.get(f"/orders/{order.pk}/events").json()["events"]
    assert [(event["seq"], event["type"]) for event in events] == [(1, "order_received"), (2, "order_validated")]


@pytest.mark.parametrize("path", ["/orders/{}", "/orders/{}/events"])
def test_another_shops_order_is_not_there(shop: Shop, another_shop: Shop, path: str) -> None:
    order = shop.place()
    assert another_shop.get(path.format(order.pk)).status_code == 404
    assert another_shop.post(f"/orders/{order.pk}/cancel", {}).status_code == 404


@pytest.mark.parametrize("order_id", ["nonsense", "%00", "..", uuid4()])
def test_an_order_that_is_not_there_is_a_404(shop: Shop, order_id: object) -> None:
    assert shop.get(f"/orders/{order_id}").status_code == 404


def test_without_a_key_or_with_a_revoked_one_nobody_gets_in() -> None:
    name = f"shop {unique()}"
    key = create_api_key(name)
    revoke_api_keys(name)
    assert Client().get(f"/orders/{uuid4()}").status_code == 401
    assert Shop(key).get(f"/orders/{uuid4()}").status_code == 401


def test_a_key_without_the_scope_is_refused() -> None:
    reader = Shop(create_api_key(f"shop {unique()}", ["orders:read"]))
    assert reader.post("/orders", ORDER).status_code == 403


def test_a_cancel_is_a_command_row(shop: Shop) -> None:
    order = shop.place()
    response = shop.post(f"/orders/{order.pk}/cancel", {"reason": "changed my mind"})
    row = Command.objects.get(pk=response.json()["command_id"])
    assert response.status_code == 202
    assert (row.kind, row.state, row.reason) == ("cancel", "pending", "changed my mind")
    assert row.actor.startswith("client:")


def test_a_cancel_sent_twice_with_its_key_is_one_command(shop: Shop) -> None:
    order = shop.place()
    first, second = (shop.post(f"/orders/{order.pk}/cancel", {}, idempotency_key="k") for _ in range(2))
    assert first.json()["command_id"] == second.json()["command_id"]


def test_a_cancel_sent_again_gets_the_first_answer_and_waits_anew_where_it_is_asked_to(shop: Shop) -> None:
    order = shop.place()
    path, key = f"/orders/{order.pk}/cancel", unique()
    first = shop.post(path, {}, idempotency_key=key).json()
    settle(Command.objects.get(pk=first["command_id"]))
    assert shop.post(path, {}, idempotency_key=key).json() == first
    assert shop.post(f"{path}?wait=5", {}, idempotency_key=key).json()["state"] == "applied"


def test_a_command_outside_its_window_is_refused_at_the_door_and_recorded(shop: Shop) -> None:
    order = shop.place(payment_method="cash")
    begin(order.pk)
    response = shop.post(f"/orders/{order.pk}/cancel", {})
    problem = response.json()
    assert (response.status_code, problem["status_of_order"], problem["accepts"]) == (409, Status.INVALID, [])
    assert Command.objects.get(pk=problem["command_id"]).state == "rejected"


def test_waiting_gives_the_outcome_as_soon_as_there_is_one(shop: Shop) -> None:
    order = shop.place()
    row = Command.objects.get(
        pk=shop.post(f"/orders/{order.pk}/cancel", {}).json()["command_id"],
    )
    settle(row)
    answer = shop.get(f"/orders/{order.pk}/commands/{row.pk}?wait=5").json()
    assert (answer["state"], answer["outcome"]) == ("applied", "The order is being cancelled.")


def test_an_order_placed_elsewhere_belongs_to_no_shop(shop: Shop) -> None:
    assert shop.get(f"/orders/{an_order().pk}").status_code == 404


def test_it_names_only_commands_that_could_be_applied(shop: Shop) -> None:
    order = shop.place()
    assert shop.get(f"/orders/{order.pk}").json()["accepts"] == ["cancel", "update_address", "hold"]
    order.held = True
    order.save(update_fields=["held"])
    assert shop.get(f"/orders/{order.pk}").json()["accepts"] == ["cancel", "update_address", "release"]


def test_an_order_with_nothing_to_pay_is_accepted(shop: Shop) -> None:
    answer = shop.post("/orders", {**ORDER, "discount": 99.99})
    assert (answer.status_code, answer.json()["total"]["minor"]) == (201, 0)


def test_an_order_without_a_payment_method_gets_what_the_gateway_takes(shop: Shop) -> None:
    answer = shop.post("/orders", {name: value for name, value in ORDER.items() if name != "payment_method"})
    assert Order.objects.get(pk=answer.json()["order_id"]).payment_method == payment_gateway().default_method
