"""URLs that shops register, to hear of their orders."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from jsonschema import Draft202012Validator

from orders.api import api
from orders.models import ApiClient, WebhookEndpoint
from orders.services.notifications.webhook_calls import payload
from orders.services.notifications.webhook_endpoints import MAX_ENDPOINTS, register_endpoint, secret_of
from orders.services.staff.api_keys import create_api_key
from tests.api.conftest import Shop
from tests.conftest import unique
from tests.factories import an_order

HERE = "https://127.0.0.1"


@pytest.fixture(autouse=True)
def _private(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def hooked() -> Shop:
    """A shop that may register endpoints."""
    return Shop(create_api_key(f"shop {unique()}", ["webhooks", "orders:write"]))


def test_it_registers_a_url_and_shows_its_secret_once(hooked: Shop) -> None:
    answer = hooked.post("/webhook-endpoints", {"url": f"{HERE}/a?b=c"})
    made = answer.json()
    assert answer.status_code == 201
    assert made["secret"] == secret_of(WebhookEndpoint.objects.get(pk=made["id"]))
    (listed,) = hooked.get("/webhook-endpoints").json()["endpoints"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert (listed["url"], listed["state"]) == (f"{HERE}/a?b=c", "active")


def test_its_events_are_written_down_for_it_from_then_on(hooked: Shop) -> None:
    before = hooked.place()
    made = hooked.post("/webhook-endpoints", {"url": HERE}).json()
    order = hooked.place()
    assert not before.deliveries.exists()
    assert [row.recipient for row in order.deliveries.filter(channel="webhook")] == [made["id"]]


def test_sent_again_with_its_key_it_gets_the_same_answer_of_which_no_secret_is_stored(hooked: Shop) -> None:
    key = {"idempotency_key": unique()}
    first, again = (hooked.post("/webhook-endpoints", {"url": HERE}, **key) for _ in range(2))
    assert (first.json(), again.status_code) == (again.json(), 201)
    assert again["Idempotency-Replayed"] == "true"
    client = WebhookEndpoint.objects.get(pk=first.json()["id"]).client
    assert client.idempotency_keys.get().body == {"id": first.json()["id"]}


def test_a_secret_is_changed_over_with_the_old_one_beside_it(hooked: Shop) -> None:
    made = hooked.post("/webhook-endpoints", {"url": HERE}).json()
    answer = hooked.post(f"/webhook-endpoints/{made['id']}/secret", None)
    assert answer.status_code == 201
    assert answer.json()["secret"] != made["secret"]
    assert answer.json()["previous_until"] is not None


def test_one_that_was_removed_is_gone_and_its_url_free_again(hooked: Shop) -> None:
    made = hooked.post("/webhook-endpoints", {"url": HERE}).json()
    order = hooked.place()
    path = f"/webhook-endpoints/{made['id']}"
    assert [hooked.send("DELETE", path).status_code for _ in range(2)] == [204, 404]
    assert hooked.post(f"{path}/secret", None).status_code == 404
    assert hooked.get("/webhook-endpoints").json() == {"endpoints": []}
    assert order.deliveries.get(channel="webhook").state == "failed"
    assert hooked.post("/webhook-endpoints", {"url": HERE}).status_code == 201


def test_another_clients_endpoint_is_a_404_as_one_that_is_not_there(hooked: Shop) -> None:
    stranger = Shop(create_api_key(f"shop {unique()}", ["webhooks"]))
    made = hooked.post("/webhook-endpoints", {"url": HERE}).json()["id"]
    for endpoint_id in (made, uuid4()):
        for method, end in (("DELETE", ""), ("POST", "/secret")):
            answer = stranger.send(method, f"/webhook-endpoints/{endpoint_id}{end}")
            assert (answer.status_code, answer.json()["type"]) == (404, "/docs/problems#endpoint_not_found")
    assert stranger.get("/webhook-endpoints").json() == {"endpoints": []}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1/", "must begin with https://"),
        ("https://127.0.0.1/", "must not lead to a private, local or reserved address"),
        ("https://localhost/", "must not lead to a private, local or reserved address"),
        ("https://127.0.0.1:22/", "must name port 443 or one above 1023"),
        ("https://nowhere.invalid/", "names a host that cannot be found"),
        ("ftp://127.0.0.1/", "must be an https:// URL"),
        ("https://user:secret@127.0.0.1/", "must be an https:// URL"),
        ("https://4111111111111111.example/", "must not contain a card number"),
        ("", "at least 1 character"),
        (7, "valid string"),
    ],
)
def test_a_url_that_we_do_not_call_is_refused(hooked: Shop, settings: Any, url: object, said: str) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False
    answer = hooked.post("/webhook-endpoints", {"url": url})
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["pointer"]) == (422, "/url")
    assert said in fault["detail"]


def test_a_url_is_registered_once_and_of_all_urls_so_many(hooked: Shop) -> None:
    first = hooked.post("/webhook-endpoints", {"url": HERE}).json()
    assert "registered already" in hooked.post("/webhook-endpoints", {"url": HERE}).json()["errors"][0]["detail"]
    client = ApiClient.objects.get(endpoints=UUID(first["id"]))
    for number in range(1, MAX_ENDPOINTS):
        register_endpoint(client, f"{HERE}/{number}")
    answer = hooked.post("/webhook-endpoints", {"url": f"{HERE}/more"})
    assert (answer.status_code, "remove one" in answer.json()["errors"][0]["detail"]) == (422, True)


def test_the_payload_is_as_the_description_of_the_api_has_it() -> None:
    described = api.get_openapi_schema()["webhooks"]["order_event"]["post"]["requestBody"]["content"]
    schema = described["application/json"]["schema"]
    client = ApiClient.objects.create(name=f"shop {unique()}")
    register_endpoint(client, HERE)
    row = an_order(client=client).deliveries.get(channel="webhook")

    sent = json.loads(payload(row))
    Draft202012Validator(schema).validate(sent)
    assert set(sent) == set(schema["properties"]) == set(described["application/json"]["example"])
