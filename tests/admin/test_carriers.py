"""Carriers in the back office."""

from typing import Any

from django.urls import reverse

from orders.lifecycle import Status
from orders.models import Carrier
from tests.conftest import unique
from tests.factories import an_order_in, command

NO_SERVICES = {"services-TOTAL_FORMS": "0", "services-INITIAL_FORMS": "0"}


def test_a_carrier_is_made_with_its_services_and_shows_its_link(desk: Any) -> None:
    code = f"c-{unique().lower()}"
    service = {"service_level": "standard", "max_weight": "900", "countries": "de, at"}
    service |= {"min_days": "1", "max_days": "3"}
    typed = {"code": code, "name": "New", "position": "900", "tracking_link": "https://new.example/{number}"}
    form = {**typed, "services-TOTAL_FORMS": "1", "services-INITIAL_FORMS": "0"}
    desk.post(reverse("admin:orders_carrier_add"), {**form, **{f"services-0-{k}": v for k, v in service.items()}})
    carrier = Carrier.objects.get(code=code)
    assert carrier.services.get().countries == ["AT", "DE"]
    page = desk.get(reverse("admin:orders_carrier_change", args=[carrier.pk]))
    assert 'href="https://new.example/EX%20123%2F456"' in page
    desk.post(reverse("admin:orders_carrier_delete", args=[carrier.pk]), {"post": "yes"})
    assert not Carrier.objects.filter(code=code).exists()


def test_a_link_at_fault_says_what_to_do(desk: Any) -> None:
    typed = {"code": unique().lower(), "name": "C", "position": "9", "tracking_link": "http://c.example/{number}"}
    page = desk.post(reverse("admin:orders_carrier_add"), {**typed, **NO_SERVICES})
    assert "Begin with https://" in page


def test_a_carrier_that_shipments_name_is_not_deleted(desk: Any) -> None:
    an_order_in(Status.SHIPPED)
    carrier = Carrier.objects.get(code="parcelpost")
    page = desk.post(reverse("admin:orders_carrier_delete", args=[carrier.pk]), {"post": "yes"})
    assert "Make it inactive instead" in page
    chosen = {"action": "delete_selected", "_selected_action": [carrier.pk], "post": "yes"}
    desk.post(reverse("admin:orders_carrier_changelist"), chosen)
    assert Carrier.objects.filter(code="parcelpost").exists()


def test_the_hand_over_offers_the_active_carriers_and_recognises_a_name(desk: Any) -> None:
    order = an_order_in(Status.PAID, fulfilment="manual")
    for kind in ("pick", "pack"):
        command(order, kind)
    page = desk.get(reverse("admin:orders_order_ship", args=[order.pk]))
    assert 'list="carrier-names"' in page
    assert '<option value="Parcel Post">' in page
    command(order, "ship", args={"carrier": "parcel post", "tracking_number": unique()})
    assert order.shipments.get().carrier == "parcelpost"
