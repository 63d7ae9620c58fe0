"""What went out and what did not, as staff see it."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.models import ApiClient, Delivery, DeliveryAttempt, Order, WebhookEndpoint
from orders.services.notifications.webhook_endpoints import register_endpoint, secret_of, switch
from tests.admin.conftest import Desk
from tests.conftest import unique
from tests.factories import an_order

LIST = reverse("admin:orders_delivery_changelist")
ADD = reverse("admin:orders_webhookendpoint_add")
SAID = "<b>the shop's own words</b>"


@pytest.fixture(autouse=True)
def _private(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


def a_failed_one() -> tuple[Order, Delivery]:
    client = ApiClient.objects.create(name=f"shop {unique()}")
    register_endpoint(client, f"https://127.0.0.1/{unique()}")
    order = an_order(client=client)
    row = order.deliveries.get(channel="webhook")
    DeliveryAttempt.objects.create(
        delivery=row, number=1, at=timezone.now(), status=500, error="It answered 500.", answer=SAID, milliseconds=12
    )
    Delivery.objects.filter(pk=row.pk).update(state="failed", last_error="It answered 500.", attempts=19)
    return order, row


def page_of(row: Delivery) -> str:
    return reverse("admin:orders_delivery_change", args=[row.pk])


def test_it_shows_a_delivery_with_every_attempt_and_what_was_answered(desk: Desk) -> None:
    order, row = a_failed_one()
    page = desk.get(page_of(row))
    assert order.code in page
    assert "It answered 500." in page
    assert "the shop&#x27;s own words" in page
    assert SAID not in page


def test_it_lists_what_is_not_sent_unless_asked_for_more(desk: Desk) -> None:
    order, row = a_failed_one()
    assert order.code in desk.get(LIST)
    Delivery.objects.filter(pk=row.pk).update(state="sent")
    assert f'<a href="{page_of(row)}"' not in desk.get(LIST)
    assert order.code in desk.get(LIST, state="sent")
    assert order.code in desk.get(LIST, q=order.code.lower())


def test_it_sends_again_from_the_delivery_the_list_and_the_orders_page(desk: Desk) -> None:
    order, row = a_failed_one()
    again = reverse("admin:orders_delivery_send_again", args=[row.pk])
    order_page = reverse("admin:orders_order_change", args=[order.pk])
    assert again in desk.get(order_page)
    for path, data in (
        (again, {}),
        (again, {"next": order_page}),
        (LIST, {"action": "send_again_selected", "_selected_action": [str(row.pk)]}),
    ):
        Delivery.objects.filter(pk=row.pk).update(state="failed")
        page = desk.post(path, data)
        assert Delivery.objects.get(pk=row.pk).state == "pending"
        assert "ent again" in page


def test_it_does_not_lead_away_after_sending_again(desk: Desk) -> None:
    _, row = a_failed_one()
    again = reverse("admin:orders_delivery_send_again", args=[row.pk])
    answer = desk.client.post(again, {"next": "https://elsewhere.example/"})
    assert answer["Location"] == page_of(row)


def test_who_may_only_look_is_offered_no_button_and_sends_nothing(viewer: Desk) -> None:
    order, row = a_failed_one()
    again = reverse("admin:orders_delivery_send_again", args=[row.pk])
    assert again not in viewer.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert viewer.client.post(again).status_code == 403
    assert Delivery.objects.get(pk=row.pk).state == "failed"


def test_it_registers_an_endpoint_and_shows_its_secret_once(desk: Desk) -> None:
    client = ApiClient.objects.create(name=f"shop {unique()}")
    page = desk.post(ADD, {"client": client.pk, "url": "https://127.0.0.1/hooks"})
    endpoint = client.endpoints.get()
    assert re.findall(r"whsec_[\w+/=]+", page) == [secret_of(endpoint)]
    assert "whsec_" not in desk.get(reverse("admin:orders_webhookendpoint_change", args=[endpoint.pk]))


def test_it_refuses_a_url_that_we_do_not_call_or_that_is_there_already(desk: Desk, settings: Any) -> None:
    client = ApiClient.objects.create(name=f"shop {unique()}")
    register_endpoint(client, "https://127.0.0.1/hooks")
    assert "registered already" in desk.post(ADD, {"client": client.pk, "url": "https://127.0.0.1/hooks"})
    settings.WEBHOOK_ALLOW_PRIVATE = False
    assert "must not lead to a private" in desk.post(ADD, {"client": client.pk, "url": "https://127.0.0.1/other"})
    assert client.endpoints.count() == 1


def test_it_switches_an_endpoint_off_and_on_and_changes_its_secret(desk: Desk) -> None:
    order, _ = a_failed_one()
    endpoint = WebhookEndpoint.objects.get(client=order.client)
    old, path = secret_of(endpoint), reverse("admin:orders_webhookendpoint_change", args=[endpoint.pk])
    desk.post(path, {})
    assert WebhookEndpoint.objects.get(pk=endpoint.pk).state == "disabled"
    page = desk.post(path, {"is_active": "on", "new_secret": "on"})
    endpoint.refresh_from_db()
    assert (endpoint.state, old in page, secret_of(endpoint) in page) == ("active", False, True)


def test_one_that_its_client_removed_can_only_be_looked_at(desk: Desk) -> None:
    order, _ = a_failed_one()
    endpoint = WebhookEndpoint.objects.get(client=order.client)
    switch(endpoint.pk, "removed")
    path = reverse("admin:orders_webhookendpoint_change", args=[endpoint.pk])
    assert "is_active" not in desk.get(path)
    assert desk.client.post(path, {"is_active": "on", "new_secret": "on"}).status_code == 403
    assert WebhookEndpoint.objects.get(pk=endpoint.pk).state == "removed"
