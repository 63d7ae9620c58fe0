"""A second opinion on our double: the same calls to localstripe, whose answers must be the same.

Left out is what localstripe does not know: idempotency keys, locks, a limit of refunds, disputes, most test cards, 3-D
Secure without the customer, `decline_code`, the `code` of most errors, `amount_received`, lists by time or newest
first, and authorisations that lapse. Left out as well is what it does as Stripe does not, or not any more: the capture
of a part makes a refund of the rest, a declined PaymentIntent keeps its payment method and has a captured charge, a
cancelled one can be captured, an unknown id in a parameter is a 404, and `off_session` is refused, without which our
gateway confirms nothing.
"""

import importlib.util
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from orders.gateways.payments.protocol import PaymentRequest
from orders.gateways.payments.stripe_gateway import StripePayments
from tests.conftest import unique
from tests.doubles.localstripe import Both, running_localstripe
from tests.doubles.stripe import StripeDouble

Client = stripe.StripeClient

if importlib.util.find_spec("localstripe") is None and not os.environ.get("CI"):
    pytest.skip("localstripe is not installed (`make test` installs it)", allow_module_level=True)


@pytest.fixture(scope="module")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_localstripe(tmp_path_factory.mktemp("localstripe")) as url:
        yield url


@pytest.fixture
def both(double: StripeDouble, localstripe: str) -> Both:
    return Both(double.url, localstripe)


def create(api: Client, method: str | None = "pm_card_visa", **changes: Any) -> str:
    how = {"capture_method": "automatic", "payment_method_types": ["card"], "metadata": {"order_id": "7"}}
    charged = {"amount": 1990, "currency": "usd", **({"payment_method": method} if method else {})}
    params: Any = {**how, **charged, **changes}
    return api.v1.payment_intents.create(params).id


def confirmed(api: Client, **changes: Any) -> str:
    return api.v1.payment_intents.confirm(create(api, **changes)).id


def authorised(api: Client) -> str:
    return confirmed(api, capture_method="manual")


def declined(api: Client) -> str:
    reference = create(api, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        api.v1.payment_intents.confirm(reference)
    return reference


def intent(api: Client, reference: str) -> dict[str, Any]:
    """What both know of a PaymentIntent."""
    found = api.v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]}).to_dict()
    charge, error = found["latest_charge"] or {}, found["last_payment_error"] or {}
    return {
        **{name: found[name] for name in ("object", "amount", "currency", "capture_method", "status", "metadata")},
        "next_action": found["next_action"],
        "live": found["livemode"],
        "charge": {
            name: charge.get(name) for name in ("object", "amount", "currency", "status", "paid", "failure_code")
        },
        "captured": bool(charge.get("captured")) and charge["paid"],
        "refunded": (charge.get("amount_refunded"), charge.get("refunded")),
        "error": (error.get("code"), error.get("message")),
        "links": (found["id"][:3], (charge.get("id") or "")[:3], charge.get("payment_intent") in (None, found["id"])),
    }


def refusal(call: Callable[[], object]) -> tuple[str, int | None]:
    with pytest.raises(stripe.StripeError) as refused:
        call()
    return type(refused.value).__name__, refused.value.http_status


def test_a_payment_is_new_until_it_is_confirmed(both: Both) -> None:
    said = both.say(lambda api: intent(api, create(api)))
    assert (said["status"], said["amount"], said["metadata"]) == ("requires_confirmation", 1990, {"order_id": "7"})
    assert both.say(lambda api: intent(api, create(api, None)))["status"] == "requires_payment_method"


@pytest.mark.parametrize(("amount", "currency"), [(1990, "eur"), (500, "jpy"), (12_340, "kwd")])
def test_a_confirmed_payment_is_captured(both: Both, amount: int, currency: str) -> None:
    said = both.say(lambda api: intent(api, confirmed(api, amount=amount, currency=currency)))
    assert (said["status"], said["captured"], said["charge"]["amount"]) == ("succeeded", True, amount)


def test_it_can_be_confirmed_as_it_is_created(both: Both) -> None:
    assert both.say(lambda api: intent(api, create(api, confirm=True)))["status"] == "succeeded"


def test_a_manual_capture_waits(both: Both) -> None:
    said = both.say(lambda api: intent(api, authorised(api)))
    assert (said["status"], said["captured"], said["charge"]["paid"]) == ("requires_capture", False, True)


@pytest.mark.parametrize("amount", [{}, {"amount_to_capture": 1990}])
def test_what_is_authorised_is_captured(both: Both, amount: Any) -> None:
    said = both.say(lambda api: intent(api, api.v1.payment_intents.capture(authorised(api), amount).id))
    assert (said["status"], said["captured"], said["refunded"]) == ("succeeded", True, (0, False))


def test_a_part_can_be_captured(both: Both) -> None:
    def capture(api: Client) -> str:
        return api.v1.payment_intents.capture(authorised(api), {"amount_to_capture": 990}).status

    assert both.say(capture) == "succeeded"


def test_a_decline_is_an_error_and_stays_in_the_payment(both: Both) -> None:
    def confirm(api: Client) -> tuple[object, ...]:
        with pytest.raises(stripe.CardError) as refused:
            api.v1.payment_intents.confirm(create(api, "pm_card_chargeCustomerFail"))
        return refused.value.http_status, refused.value.code, refused.value.user_message

    assert both.say(confirm) == (402, "card_declined", "Your card was declined.")
    said = both.say(lambda api: intent(api, declined(api)))
    assert (said["status"], said["charge"]["status"]) == ("requires_payment_method", "failed")
    assert said["error"] == ("card_declined", "Your card was declined.")


@pytest.mark.parametrize("made", [create, authorised, declined])
def test_what_is_not_captured_can_be_cancelled(both: Both, made: Callable[[Client], str]) -> None:
    assert both.say(lambda api: api.v1.payment_intents.cancel(made(api)).status) == "canceled"


def cancelled(api: Client) -> str:
    return api.v1.payment_intents.cancel(create(api)).id


@pytest.mark.parametrize(
    ("made", "call"),
    [
        (confirmed, "confirm"),
        (confirmed, "capture"),
        (confirmed, "cancel"),
        (authorised, "confirm"),
        (declined, "confirm"),
        (declined, "capture"),
        (cancelled, "confirm"),
        (cancelled, "cancel"),
    ],
)
def test_a_payment_that_is_over_refuses_the_call(both: Both, made: Callable[[Client], str], call: str) -> None:
    def refused(api: Client) -> object:
        reference = made(api)
        return refusal(lambda: getattr(api.v1.payment_intents, call)(reference))

    assert both.say(refused) == ("InvalidRequestError", 400)


def test_no_more_is_captured_than_is_authorised(both: Both) -> None:
    def refused(api: Client) -> object:
        reference = authorised(api)
        return refusal(lambda: api.v1.payment_intents.capture(reference, {"amount_to_capture": 1991}))

    assert both.say(refused) == ("InvalidRequestError", 400)


@pytest.mark.parametrize("bad", [{"amount": 0}, {"amount": -1}, {"amount": "x"}, {"colour": "red"}])
def test_a_bad_parameter_is_refused(both: Both, bad: dict[str, Any]) -> None:
    assert both.say(lambda api: refusal(lambda: create(api, **bad))) == ("InvalidRequestError", 400)


def test_an_unknown_id_is_not_found(both: Both) -> None:
    said = both.say(
        lambda api: [
            refusal(lambda: api.v1.payment_intents.retrieve("pi_nobody")),
            refusal(lambda: api.v1.payment_intents.confirm("pi_nobody")),
            refusal(lambda: api.v1.payment_intents.cancel("pi_nobody")),
            refusal(lambda: api.v1.refunds.retrieve("re_nobody")),
            refusal(lambda: api.v1.payment_methods.retrieve("pm_nobody")),
        ]
    )
    assert set(said) == {("InvalidRequestError", 404)}


@pytest.mark.parametrize("key", ["", "pk_test_double"])
def test_it_asks_for_a_key(both: Both, key: str) -> None:
    def ask(api: Client) -> object:
        options: Any = {"api_key": key or "none"}
        return refusal(lambda: api.v1.payment_intents.retrieve("pi_nobody", options=options))

    assert both.say(ask) == ("AuthenticationError", 401)


def test_a_refund_has_an_amount_or_is_all_of_it(both: Both) -> None:
    def refund(api: Client, **amount: Any) -> tuple[object, ...]:
        reference = confirmed(api)
        params: Any = {"payment_intent": reference, "metadata": {"key": "1"}, **amount}
        made = api.v1.refunds.create(params).to_dict()
        said = [made[name] for name in ("object", "amount", "currency", "status", "metadata")]
        assert (made["payment_intent"], made["id"][:3]) == (reference, "re_")
        assert api.v1.refunds.retrieve(made["id"]).amount == made["amount"]
        return said, intent(api, reference)["refunded"]

    assert both.say(refund) == (["refund", 1990, "usd", "succeeded", {"key": "1"}], (1990, True))
    assert both.say(lambda api: refund(api, amount=90))[1] == (90, False)


def test_refunds_add_up_and_are_listed(both: Both) -> None:
    def refund(api: Client) -> tuple[object, ...]:
        reference, other = confirmed(api), confirmed(api)
        for payment, amount in ((reference, 90), (reference, 900), (other, 1)):
            api.v1.refunds.create({"payment_intent": payment, "amount": amount})
        listed = api.v1.refunds.list({"payment_intent": reference, "limit": 100})
        return sorted(made.amount for made in listed.data), listed.has_more, intent(api, reference)["refunded"]

    assert both.say(refund) == ([90, 900], False, (990, False))


def test_nothing_is_refunded_of_a_declined_payment(both: Both) -> None:
    def refused(api: Client) -> object:
        reference = declined(api)
        return refusal(lambda: api.v1.refunds.create({"payment_intent": reference}))

    assert both.say(refused) == ("InvalidRequestError", 400)


def test_a_list_is_read_page_by_page(both: Both) -> None:
    def read(api: Client) -> tuple[bool, bool]:
        made = {create(api) for _ in range(5)}
        first = api.v1.payment_intents.list({"limit": 2})
        return first.has_more, made <= {found.id for found in first.auto_paging_iter()}

    assert both.say(read) == (True, True)


def test_a_test_card_becomes_a_payment_method(both: Both) -> None:
    def retrieve(api: Client) -> list[object]:
        found = api.v1.payment_methods.retrieve("pm_card_visa").to_dict()
        assert found["id"] != "pm_card_visa"
        return [found["type"], found["customer"], found["card"]["brand"], found["card"]["last4"]]

    assert both.say(retrieve) == ["card", None, "visa", "4242"]


def request(reference: str) -> PaymentRequest:
    return PaymentRequest(
        key=unique(), order_id="7", amount=1990, currency="USD", method="pm_card_visa", reference=reference
    )


def test_our_gateway_captures_and_cancels_on_both(both: Both) -> None:
    def use(gateway: StripePayments, api: Client) -> list[object]:
        held, given_up = request(authorised(api)), request(authorised(api))
        captured = gateway.capture(held, key=unique(), amount=1990)
        voided = [gateway.void(given_up).result for _ in range(2)]
        looked_up = [gateway.look_up(each) for each in (held, given_up, request(declined(api)))]
        results = [(found.result, found.reason, found.order_id) for found in looked_up if found]
        return [captured.result, gateway.void(held).result, voided, *results]

    assert both.let_us(use) == [
        "captured",
        "captured",
        ["cancelled", "cancelled"],
        ("captured", "", "7"),
        ("cancelled", "", "7"),
        ("declined", "The card was declined.", "7"),
    ]


def test_our_gateway_refunds_once_where_no_idempotency_key_protects_it(both: Both) -> None:
    def use(gateway: StripePayments, api: Client) -> tuple[object, ...]:
        paid, key = request(confirmed(api)), unique()
        references = {gateway.refund(paid, key=key, amount=90) for _ in range(3)}
        found = gateway.look_up(paid)
        return len(references), found and found.refunded

    assert both.let_us(use) == (1, 90)
