"""From a declined card to the delivery, with a browser: the mail, our page, Stripe's pages, and back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from orders.lifecycle import Status
from orders.models import CheckoutPayment, WebhookEvent
from tests.conftest import eventually
from tests.doubles.shop import visit
from tests.doubles.stripe import Mode, StripeDouble
from tests.factories import reaches
from tests.orders.gateway_worlds import booked, paying_with_stripe
from tests.tracking.stories import LINK_TO_PAY, LIVE, Customer, Shop, open_shop, page, scripts

__all__ = ["page", "scripts"]

SECRET = "whsec_0a1B2c3D4e5F6g7H8i9"
DECLINED = "pm_card_chargeDeclined"


@pytest.fixture(scope="module")
def double() -> Iterator[StripeDouble]:
    with StripeDouble(webhook_secret=SECRET) as running:
        yield running


@pytest.fixture(scope="module")
def shop(double: StripeDouble, temporal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    times = {"MANUAL_REVIEW_TIMEOUT": "0", "PAYMENT_PROCESSING_DELAY": "0", "SHIPPING_DELAY": "0.2"}
    with paying_with_stripe(double) as stripe:
        web = {"WEBHOOK_SECRETS": f"payments/stripe={SECRET}", **stripe}
        directory = tmp_path_factory.mktemp("paying")
        with open_shop(directory, web, TEMPORAL_ADDRESS=temporal, **stripe, **times) as running:
            double.webhooks.url = f"{running.url}/webhooks/payments/stripe"
            yield running


@dataclass
class Payer:
    """A customer whose card was declined, and who follows the link to pay from the mail."""

    customer: Customer
    double: StripeDouble

    def opens_stripes_page(self) -> str:
        """By the button of our page; the address of Stripe's."""
        page = self.customer.page
        page.get_by_role("button", name="Pay 99.99 USD").click()
        page.wait_for_url(f"{self.double.url}/double/checkout/**")
        return page.url

    def pays_with(self, card: str) -> None:
        self.customer.page.get_by_role("button", name=f"Pay with {card}").click()

    def answers_the_bank(self, answer: str) -> None:
        self.customer.page.get_by_role("button", name=answer).click()

    def is_back(self) -> str:
        """What the order's page says at once."""
        page, order = self.customer.page, self.customer.order
        page.wait_for_url(re.compile(rf"/track/{order.code}/(\?change=.*)?$"))
        return page.get_by_role("status").inner_text()

    def has_paid_once(self) -> None:
        order = reaches(self.customer.order, Status.DELIVERED)
        assert booked(self.double, order) == [("capture", order.total)]


@pytest.fixture
def payer(page: Page, shop: Shop, double: StripeDouble, *, scripts: bool) -> Payer:
    return Payer(Customer(page, shop, scripts=scripts, link=LINK_TO_PAY, payment_method=DECLINED), double)


@pytest.fixture(autouse=True)
def _webhooks_pass(double: StripeDouble) -> Iterator[None]:
    yield
    double.webhooks.release()
    double.webhooks.mode, double.webhooks.before_answers = Mode.PASS, False


@LIVE
@pytest.mark.usefixtures("scripts")
def test_a_declined_customer_pays_by_the_mail_and_confirms_at_the_bank(payer: Payer, page: Page) -> None:
    assert page.url.endswith("/payment/")
    expect(page.locator("main")).to_contain_text("99.99 USD is due. Pay by")
    payer.opens_stripes_page()
    payer.pays_with("3220")
    payer.answers_the_bank("Complete")
    said = payer.is_back()
    assert "No payment received yet" not in said
    assert page.get_by_role("link", name="Pay now").count() == 0
    payer.customer.sees("Your parcel has arrived")
    expect(page.get_by_text("You paid on the payment page.")).to_be_visible()
    payer.has_paid_once()


@pytest.mark.parametrize(
    "mode", [Mode.PASS, *(pytest.param(mode, marks=pytest.mark.slow) for mode in Mode if mode is not Mode.PASS)]
)
def test_who_pays_and_never_comes_back_gets_the_parcel(payer: Payer, page: Page, mode: Mode) -> None:
    payer.double.webhooks.mode = mode
    address = payer.opens_stripes_page()
    page.close()
    assert visit(address, payment_method="pm_card_visa").location.endswith("/paid/")
    order = payer.customer.order
    if mode is Mode.LOSE:  # the gateway is asked by itself, after a while
        order.checkouts.update(check_at=timezone.now())
    payer.double.webhooks.release()
    payer.has_paid_once()
    completed = WebhookEvent.objects.filter(
        type="checkout.session.completed", body__subject=order.checkouts.get().reference
    )
    assert completed.exists() is (mode is not Mode.LOSE)


@pytest.mark.slow
def test_the_webhook_may_be_faster_than_the_customer(payer: Payer) -> None:
    payer.double.webhooks.before_answers = True
    payer.opens_stripes_page()
    payer.pays_with("4242")
    assert "No payment received yet" not in payer.is_back()
    payer.has_paid_once()


@pytest.mark.slow
def test_who_does_not_confirm_at_the_bank_can_use_another_card(payer: Payer, page: Page) -> None:
    payer.opens_stripes_page()
    payer.pays_with("3220")
    payer.answers_the_bank("Fail")
    expect(page.get_by_role("alert")).to_be_visible()
    payer.pays_with("0002")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    payer.pays_with("4242")
    payer.is_back()
    payer.has_paid_once()


@pytest.mark.slow
def test_who_gives_up_and_cancels_is_not_charged_and_cannot_pay_any_more(payer: Payer, page: Page) -> None:
    customer = payer.customer
    address = payer.opens_stripes_page()
    page.get_by_role("link", name="Back").click()
    assert "You can pay below." in payer.is_back()
    customer.wants("Cancel order")
    page.get_by_role("button", name="Cancel order").click()
    customer.sees("Your order is cancelled")
    customer.order.checkouts.update(check_at=timezone.now())
    eventually(lambda: customer.order.checkouts.get().state == CheckoutPayment.State.CLOSED)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Expired")
    page.goto(f"{customer.shop.url}/track/{customer.order.code}/payment/")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing to pay right now")
    assert booked(payer.double, customer.order) == []
