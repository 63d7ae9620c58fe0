"""Every state of the customer's page, and every other page a customer meets, one after another in one browser."""

from collections.abc import Callable, Container, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.sync_api import Browser, Page

from orders.gateways.payments.configured import payment_gateway
from orders.gateways.payments.protocol import CheckoutRequest
from orders.gateways.payments.simulated import SimulatedPayments
from orders.lifecycle import Status
from orders.models import Order
from orders.services.checkouts.settlement import settle_checkout
from orders.services.commands import deadlines
from orders.services.customers.access import access_cookie, proof_cookie
from orders.services.fulfilment import labels
from orders.services.orders.placement import NewItem
from orders.services.payments import payment_commands, refunds
from orders.services.payments.checkouts import open_checkout
from orders.services.returns.deadlines import pass_return_deadline
from orders.tracking.access import COOKIE, PROOF
from tests.admin.conditions import partly_shipped, split
from tests.factories import a_return, an_order_in, command, request_command

LAMP = NewItem(sku="LAMP-2", quantity=2, unit_price=4950, name="Desk lamp", weight=900)
SHADE = NewItem(sku="SHADE-L", quantity=1, unit_price=2400, name="Linen shade, large", weight=200)
ORDERED = {"items": [LAMP, SHADE], "shipping": 590, "tax": 1023}
DEAR = [NewItem(sku="SOFA", quantity=1, unit_price=149_000, name="Sofa, three seats")]
MANY = [NewItem(sku="BULB", quantity=101, unit_price=100, name="Bulb")]

Make = Callable[[], Order]


def screens(browser: Browser, web: str, names: Container[str] | None = None) -> Iterator[tuple[str, Page]]:
    """All of them, or those of these names; one page shows them in turn."""
    context = browser.new_context()
    visit = Visit(context.new_page(), web)
    for name, show in {**PAGES, **NOTICES, **FORMS, **DOORS}.items():
        if names is None or name in names:
            show(visit)
            yield name, visit.page
    context.close()


class Visit:
    """A customer's browser."""

    def __init__(self, page: Page, web: str) -> None:
        self.page, self.web = page, web

    def opens(self, order: Order, part: str = "", *, proven: bool = True) -> Page:
        """The order's page or a part of it, with the cookies that the link and the mailed code give."""
        given = {COOKIE: access_cookie(order)} | ({PROOF: proof_cookie(order)} if proven else {})
        path, host = f"/track/{order.code}/", urlsplit(self.web).hostname
        self.page.context.add_cookies(
            [{"name": name, "value": value, "domain": host, "path": path} for name, value in given.items()]
        )
        self.page.goto(f"{self.web}{path}{part}")
        return self.page

    def goes_to(self, path: str) -> Page:
        """A page that belongs to no order."""
        self.page.goto(f"{self.web}{path}")
        return self.page

    def presses(self, name: str) -> None:
        """Send the form, and wait for the page that answers it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name).click()


def _in(status: Status, **fields: object) -> Order:
    return an_order_in(status, **{**ORDERED, **fields})


def _after(status: Status, kind: str, reason: str = "A reason.", **args: object) -> Order:
    """An order that got this command when it stood there."""
    order = _in(status)
    row = command(order, kind, reason=reason, args=args)
    assert row.state == "applied", row.outcome
    return order


def _labelled() -> Order:
    order = _in(Status.PACKED)
    labels.book_label(order.pk)
    return order


def _overdue() -> Order:
    order = _in(Status.SHIPPED)
    deadlines.pass_deadline(order.pk, Status.SHIPPED)
    return order


def _taken_back() -> Order:
    order = _after(Status.PAID, "cancel_payment")
    refunds.return_payment(order.pk)
    payment_commands.finish_payment_return(order.pk)
    return order


def _to_pay(status: Status = Status.AWAITING_PAYMENT) -> Order:
    """One that its customer pays."""
    return _in(status, payment_method="checkout")


def _paid_by_customer(status: Status = Status.AWAITING_PAYMENT) -> Order:
    """The same once the customer has paid, and before the order is charged with it."""
    order = _to_pay(status)
    pay_on_the_page(order)
    return order


def pay_on_the_page(order: Order) -> None:
    """As its customer, on the simulated gateway's page; the order is not charged with it yet."""
    gateway = payment_gateway()
    assert isinstance(gateway, SimulatedPayments)
    row = open_checkout(order.pk, return_url="http://127.0.0.1/", cancel_url="http://127.0.0.1/")
    gateway.pay_checkout(row.reference, "tok_ok")
    settle_checkout(row.pk)


def _refunded() -> Order:
    order = _after(Status.DELIVERED, "refund", amount=2400)
    refunds.pay_refunds(order.pk)
    return order


def _returned(state: str) -> Order:
    """A delivered order one lamp of which came so far on its way back."""
    order = _in(Status.DELIVERED)
    row = a_return(order, (1, 1), reason="It flickers.")
    about = {"return": str(row.pk)}
    if state == "refused":
        command(order, "refuse_return", reason="It was worn.", args=about)
    elif state != "requested":
        command(order, "approve_return", args=about)
    if state == "expired":
        pass_return_deadline(order.pk, row.pk, "approved")
    elif state == "closed":
        command(order, "receive_return", args={**about, "items": [{"position": 1, "quantity": 0}]})
    elif state in ("received", "refunded"):
        command(order, "receive_return", args=about)
    if state == "refunded":
        refunds.pay_refunds(order.pk)
    row.refresh_from_db()
    assert row.state == state, row.state
    return order


BY_THEMSELVES = (
    Status.RECEIVED,
    Status.IN_REVIEW,
    Status.CHARGING,
    Status.PAID,
    Status.PICKING,
    Status.PACKED,
    Status.SHIPPED,
    Status.DELIVERED,
    Status.CANCELLING,
    Status.CANCELLED,
)
RETURNS = ("requested", "approved", "refused", "expired", "received", "closed", "refunded")

STATES: dict[str, Make] = {
    **{str(status): partial(_in, status) for status in BY_THEMSELVES},
    "invalid": partial(_in, Status.INVALID, items=MANY),
    "rejected": partial(_after, Status.IN_REVIEW, "reject"),
    "awaiting_payment": partial(_in, Status.AWAITING_PAYMENT, payment_method="tok_declined"),
    "payment-due-in-review": partial(_to_pay, Status.IN_REVIEW),
    "payment-being-confirmed": _paid_by_customer,
    "payment-made-in-review": partial(_paid_by_customer, Status.IN_REVIEW),
    "split": split,
    "partly_shipped": partly_shipped,
    "shipping_failed": partial(_in, Status.SHIPPING_FAILED, service_level="sim_refused"),
    "waits-for-a-person": partial(_in, Status.IN_REVIEW, items=DEAR),
    "held-in-review": partial(_after, Status.IN_REVIEW, "hold"),
    "held-when-paid": partial(_after, Status.PAID, "hold"),
    "payment-going-back": partial(_after, Status.PAID, "cancel_payment"),
    "payment-taken-back": _taken_back,
    "labelled": _labelled,
    "overdue": _overdue,
    "not-delivered": partial(_after, Status.SHIPPED, "fail_delivery"),
    "partly-refunded": _refunded,
    **{f"return-{state}": partial(_returned, state) for state in RETURNS},
}


def _told(visit: Visit, status: Status, kind: str, *, settled: bool = True) -> None:
    """What the page says of a change that the customer asked for."""
    order = _in(status)
    issue = command if settled else request_command
    visit.opens(order, f"?change={issue(order, kind, actor='customer').pk}")


def _asked(visit: Visit, order: Order, part: str, button: str, typed: dict[str, str] | None = None) -> None:
    """A form, sent with a fault in it."""
    visit.opens(order, part)
    for label, text in (typed or {}).items():
        visit.page.get_by_label(label).fill(text)
    visit.presses(button)


def _code_asked(visit: Visit, times: int = 1, typed: str = "") -> None:
    visit.opens(_in(Status.PAID), "confirm/", proven=False)
    for _ in range(times):
        visit.page.get_by_role("button", name="code").click()
    if typed:
        visit.page.get_by_label("6-digit code").fill(typed)
        visit.presses("Confirm")


def _unknown_pair(visit: Visit) -> None:
    visit.goes_to("/track/")
    visit.page.get_by_label("Order code").fill("ABC-DEF-GHJ")
    visit.page.get_by_label("Email address").fill("nobody@example.com")
    visit.presses("View order")


def _links_asked(visit: Visit) -> None:
    visit.goes_to("/track/lost/")
    visit.page.get_by_label("Email address").fill("nobody@example.com")
    visit.presses("Send links")


def _checkout(visit: Visit, *, card: str = "", closed: bool = False) -> None:
    """A simulated gateway's payment page, once it was tried to pay there with this card."""
    path = f"{visit.web}/track/"
    checkout = payment_gateway().open_checkout(
        CheckoutRequest(
            key=str(uuid4()),
            order_id=str(uuid4()),
            amount=9900,
            currency="USD",
            capture=True,
            description="Order ABC-DEF-GHJ",
            email="jane@example.com",
            return_url=path,
            cancel_url=path,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )
    )
    if closed:
        payment_gateway().close_checkout(checkout.reference)
    visit.goes_to(f"/simulated-checkout/{checkout.reference}/")
    if card:
        visit.page.get_by_label(card).check()
        visit.presses("Pay")


Show = Callable[[Visit], object]


def _page_of(make: Make) -> Show:
    return lambda visit: visit.opens(make())


PAGES: dict[str, Show] = {
    **{name: _page_of(make) for name, make in STATES.items()},
    "link-only": lambda visit: visit.opens(_in(Status.SHIPPED), proven=False),
}
NOTICES: dict[str, Show] = {
    "change-under-way": lambda visit: _told(visit, Status.PAID, "cancel", settled=False),
    "change-made": lambda visit: _told(visit, Status.PAID, "cancel"),
    "change-refused": lambda visit: _told(visit, Status.SHIPPED, "cancel"),
}
FORMS: dict[str, Show] = {
    "cancel-nothing-charged": lambda visit: visit.opens(_in(Status.IN_REVIEW), "cancel/"),
    "cancel-paid": lambda visit: visit.opens(_in(Status.PAID), "cancel/"),
    "address": lambda visit: visit.opens(_in(Status.PAID), "address/"),
    "address-faults": lambda visit: _asked(
        visit, _in(Status.PAID), "address/", "Save address", {"City": "", "Street": ""}
    ),
    "payment": lambda visit: visit.opens(_to_pay(), "payment/"),
    "payment-in-review": lambda visit: visit.opens(_to_pay(Status.IN_REVIEW), "payment/"),
    "payment-not-due": lambda visit: visit.opens(_in(Status.PAID), "payment/"),
    "return": lambda visit: visit.opens(_in(Status.DELIVERED), "return/"),
    "return-faults": lambda visit: _asked(visit, _in(Status.DELIVERED), "return/", "Request return"),
    "too-late": lambda visit: visit.opens(_in(Status.SHIPPED), "address/"),
    "receipt": lambda visit: visit.opens(_refunded(), "receipt/"),
}
DOORS: dict[str, Show] = {
    "confirm": lambda visit: visit.opens(_in(Status.PAID), "confirm/", proven=False),
    "confirm-code-mailed": _code_asked,
    "confirm-wrong-code": lambda visit: _code_asked(visit, typed="000000"),
    "patience": lambda visit: _code_asked(visit, times=6),
    "find": lambda visit: visit.goes_to("/track/"),
    "find-unknown": _unknown_pair,
    "lost": lambda visit: visit.goes_to("/track/lost/"),
    "lost-asked": _links_asked,
    "simulated-checkout": _checkout,
    "simulated-declined": lambda visit: _checkout(visit, card="A card that is declined"),
    "simulated-confirm": lambda visit: _checkout(visit, card="A card that asks for confirmation"),
    "simulated-closed": lambda visit: _checkout(visit, closed=True),
    "not-found": lambda visit: visit.goes_to("/nowhere/"),
}
