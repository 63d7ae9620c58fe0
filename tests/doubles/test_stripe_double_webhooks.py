"""The double's events and how it delivers them."""

import itertools

import pytest
import stripe

from tests.doubles.shop import captured, open_checkout, pay, visit
from tests.doubles.stripe import Mode, StripeDouble
from tests.receiver import Received, Receiver

AUTHORISED = ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"]


def types(endpoint: Receiver) -> list[str]:
    return [request.content["type"] for request in endpoint.received]


def test_each_change_makes_an_event(api: stripe.StripeClient) -> None:
    intent = api.v1.payment_intents.capture(pay(api).id)
    api.v1.refunds.create({"payment_intent": intent.id})
    found = [event.type for event in api.v1.events.list({"limit": 100}).data][::-1]
    after = ["charge.captured", "payment_intent.succeeded", "refund.created", "charge.refunded"]
    assert found == [*AUTHORISED, *after]


def test_an_event_shows_its_object_at_that_moment(api: stripe.StripeClient) -> None:
    api.v1.payment_intents.capture(pay(api, key="one").id)
    event = api.v1.events.list({"type": "payment_intent.amount_capturable_updated"}).data[0]
    assert event.data.object["status"] == "requires_capture"
    assert event.request
    assert event.request.idempotency_key == "one"
    assert api.v1.events.retrieve(event.id).type == event.type


def test_a_decline_makes_events(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError):
        pay(api, payment_method="pm_card_chargeDeclined")
    found = [event.type for event in api.v1.events.list().data]
    assert found == ["payment_intent.payment_failed", "charge.failed", "payment_intent.created"]


def test_authentication_and_processing_make_events(api: stripe.StripeClient) -> None:
    pay(api, payment_method="pm_card_threeDSecure2Required", return_url="http://shop.example/")
    bank = {"allowed_payment_method_types": ["us_bank_account"], "currency": "usd"}
    captured(api, payment_method="pm_usBankAccount_processing", **bank)
    found = [event.type for event in api.v1.events.list({"limit": 2}).data]
    assert found == ["payment_intent.processing", "charge.pending"]
    assert api.v1.events.list({"type": "payment_intent.requires_action"}).data


def test_a_lapse_makes_events(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = pay(api)
    double.clock.advance(days=7)
    canceled, expired = api.v1.events.list({"limit": 2}).data
    assert (canceled.type, expired.type) == ("payment_intent.canceled", "charge.expired")
    assert canceled.data.object["id"] == intent.id


def test_a_completed_session_makes_an_event(api: stripe.StripeClient) -> None:
    session = open_checkout(api)
    visit(session.url, payment_method="pm_card_visa")
    assert api.v1.events.list().data[0].data.object["id"] == session.id


def test_it_delivers_signed_events(api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver) -> None:
    intent = pay(api)
    assert double.webhooks.flush()
    assert types(endpoint) == AUTHORISED
    for request in endpoint.received:
        signature = request.headers["stripe-signature"]
        event = stripe.Webhook.construct_event(request.body, signature, double.webhooks.secret)
        assert event.type == request.content["type"]
    assert endpoint.received[-1].content["data"]["object"]["id"] == intent.id


def test_it_loses_events(api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver) -> None:
    double.webhooks.mode = Mode.LOSE
    pay(api)
    double.webhooks.redeliver()
    assert double.webhooks.flush()
    assert endpoint.received == []
    assert len(api.v1.events.list().data) == 3


def test_it_duplicates_events(api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver) -> None:
    double.webhooks.mode = Mode.DUPLICATE
    pay(api)
    assert double.webhooks.flush()
    assert types(endpoint) == [each for each in AUTHORISED for _ in range(2)]


@pytest.mark.parametrize(("mode", "step"), [(Mode.DELAY, 1), (Mode.REVERSE, -1)])
def test_it_holds_events_until_they_are_released(
    api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver, mode: Mode, step: int
) -> None:
    double.webhooks.mode = mode
    pay(api)
    assert double.webhooks.flush()
    assert endpoint.received == []
    double.webhooks.release()
    assert double.webhooks.flush()
    assert types(endpoint) == AUTHORISED[::step]


def test_it_retries_what_was_not_accepted(api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver) -> None:
    count = itertools.count()
    endpoint.answering = lambda _: (500 if next(count) < 2 else 200, b"")
    pay(api, confirm=None)
    assert double.webhooks.flush()
    assert [attempt.status for attempt in double.webhooks.attempts] == [500, 500, 200]
    assert api.v1.events.list().data[0].pending_webhooks == 0


def test_it_gives_up_until_it_is_told_to_redeliver(
    api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver
) -> None:
    double.webhooks.max_attempts = 2
    endpoint.answering = lambda _: (500, b"")
    pay(api, confirm=None)
    assert double.webhooks.flush()
    endpoint.answering = lambda _: (200, b"")
    double.webhooks.redeliver()
    assert double.webhooks.flush()
    assert [(attempt.number, attempt.status) for attempt in double.webhooks.attempts] == [(1, 500), (2, 500), (1, 200)]


def test_an_event_arrives_before_the_answer(api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver) -> None:
    double.webhooks.before_answers = True
    pay(api)
    assert types(endpoint) == AUTHORISED


def test_the_endpoint_may_call_the_api_before_the_answer(
    api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver
) -> None:
    def capture(request: Received) -> tuple[int, bytes]:
        if request.content["type"] == AUTHORISED[-1]:
            api.v1.payment_intents.capture(request.content["data"]["object"]["id"])
        return 200, b""

    endpoint.answering = capture
    double.webhooks.before_answers = True
    intent = pay(api)
    assert intent.status == "requires_capture"
    assert double.webhooks.flush()
    assert api.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_dispute_is_delivered(api: stripe.StripeClient, double: StripeDouble, endpoint: Receiver) -> None:
    double.dispute(captured(api).id)
    assert double.webhooks.flush()
    assert "charge.dispute.created" in types(endpoint)
