"""How the double answers: authentication, idempotency keys, locks and faults."""

import base64
import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.doubles.shop import captured, client_of, pay
from tests.doubles.stripe import StripeDouble


def intent_in(error: stripe.StripeError) -> str:
    identifier: str = json.loads(error.http_body or "")["error"]["payment_intent"]["id"]
    return identifier


def code_of(error: stripe.StripeError) -> str | None:
    """The library leaves `code` out of some classes."""
    assert error.error
    return error.error.code


def send(url: str, *, key: str = "sk_test_double", data: str | None = None, **headers: str) -> Any:
    basic = base64.b64encode(f"{key}:".encode()).decode()
    given = {"Authorization": f"Basic {basic}", **headers}
    with urllib.request.urlopen(urllib.request.Request(url, data.encode() if data else None, given)) as answer:
        return json.load(answer)


def test_it_knows_its_keys(double: StripeDouble) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        pay(client_of(double, "sk_test_another"))
    assert (refused.value.http_status, refused.value.code) == (401, None)
    assert pay(client_of(double, "rk_test_double")).status == "requires_capture"


def test_it_reads_basic_authentication_and_empty_brackets(double: StripeDouble) -> None:
    form = "amount=500&currency=eur&allowed_payment_method_types[]=card&metadata[a]=b"
    intent = send(f"{double.url}/v1/payment_intents", data=form)
    assert (intent["payment_method_types"], intent["metadata"]) == (["card"], {"a": "b"})


def test_an_older_version_takes_payment_method_types(double: StripeDouble) -> None:
    headers = {"Stripe-Version": "2025-03-31.basil"}
    form = "amount=500&currency=eur&payment_method_types[0]=card"
    assert send(f"{double.url}/v1/payment_intents", data=form, **headers)["status"] == "requires_payment_method"


def test_it_remembers_requests_and_their_version(api: stripe.StripeClient, double: StripeDouble) -> None:
    response = pay(api).last_response
    request = double.requests[-1]
    assert response
    assert request.request_id == response.request_id
    assert (request.version, request.status) == (stripe.api_version, 200)
    assert request.params["metadata"] == {"order_id": "7"}


def test_it_knows_no_other_url(double: StripeDouble) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        send(f"{double.url}/v1/horses")
    with refused.value as answer:
        assert (answer.status, json.load(answer)["error"]["type"]) == (404, "invalid_request_error")


def test_a_key_replays_the_first_answer(api: stripe.StripeClient, double: StripeDouble) -> None:
    first, second = pay(api, key="one"), pay(api, key="one")
    assert first.id == second.id
    assert second.last_response
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert len(double.intents()) == 1


def test_a_key_replays_the_first_answer_after_the_state_has_changed(api: stripe.StripeClient) -> None:
    intent = pay(api, key="one")
    api.v1.payment_intents.cancel(intent.id)
    assert pay(api, key="one").status == "requires_capture"


def test_a_key_is_forgotten_after_a_day(api: stripe.StripeClient, double: StripeDouble) -> None:
    first = pay(api, key="one")
    double.clock.advance(hours=23)
    assert pay(api, key="one").id == first.id
    double.clock.advance(hours=1)
    assert pay(api, key="one").id != first.id


def test_a_key_belongs_to_its_parameters(api: stripe.StripeClient) -> None:
    pay(api, key="one")
    with pytest.raises(stripe.IdempotencyError) as refused:
        pay(api, key="one", amount=2000)
    assert refused.value.http_status == 400


def test_a_key_replays_a_decline(api: stripe.StripeClient, double: StripeDouble) -> None:
    found = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            pay(api, key="one", payment_method="pm_card_chargeDeclined")
        found.append(intent_in(declined.value))
    assert found[0] == found[1]
    assert len(double.books()) == 1


def test_a_key_does_not_replay_a_failed_validation(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        pay(api, key="one", currency="zzz")
    assert pay(api, key="one").status == "requires_capture"


def test_a_key_replays_what_a_status_forbade(api: stripe.StripeClient) -> None:
    intent = pay(api, confirm=None)
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="requires_confirmation"):
            api.v1.payment_intents.capture(intent.id, options={"idempotency_key": "one"})
        intent = api.v1.payment_intents.retrieve(intent.id)
        if intent.status == "requires_confirmation":
            api.v1.payment_intents.confirm(intent.id)


def test_a_key_in_use_is_a_conflict(api: stripe.StripeClient, double: StripeDouble) -> None:
    slow = double.faults.slow("/v1/payment_intents", seconds=60)
    first = threading.Thread(target=pay, args=(api,), kwargs={"key": "one"})
    first.start()
    assert slow.reached.wait(60)
    with pytest.raises(stripe.APIError) as refused:
        pay(client_of(double), key="one")
    slow.released.set()
    first.join()
    assert (refused.value.http_status, code_of(refused.value)) == (409, "idempotency_key_in_use")
    assert len(double.intents()) == 1


def test_a_locked_object_refuses_a_second_request(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = captured(api)
    with double.locked(intent.id), pytest.raises(stripe.RateLimitError) as refused:
        api.v1.refunds.create({"payment_intent": intent.id}, {"idempotency_key": "one"})
    assert (refused.value.http_status, code_of(refused.value)) == (429, "lock_timeout")
    assert api.v1.refunds.create({"payment_intent": intent.id}, {"idempotency_key": "one"}).amount == 1000


def test_parallel_refunds_never_exceed_what_was_captured(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = captured(api)

    def refund(_: int) -> int:
        try:
            return client_of(double).v1.refunds.create({"payment_intent": intent.id, "amount": 300}).amount
        except (stripe.InvalidRequestError, stripe.RateLimitError):
            return 0

    with ThreadPoolExecutor(8) as pool:
        refunded = sum(pool.map(refund, range(40)))
    assert 300 <= refunded <= 900
    assert sum(entry["amount"] for entry in double.books() if entry["kind"] == "refund") == refunded


def test_it_advises_whether_to_retry(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = pay(api)
    with double.locked(intent.id), pytest.raises(stripe.RateLimitError) as locked:
        api.v1.payment_intents.capture(intent.id)
    double.faults.fail("capture")
    with pytest.raises(stripe.APIError) as failed:
        api.v1.payment_intents.capture(intent.id)
    advice = [(error.value.headers or {})["stripe-should-retry"] for error in (locked, failed)]
    assert advice == ["true", "false"]


def test_a_lost_answer_took_effect(api: stripe.StripeClient, double: StripeDouble) -> None:
    double.faults.lose_answer("/v1/payment_intents")
    with pytest.raises(stripe.APIConnectionError):
        pay(api, key="one")
    intent = pay(api, key="one")
    assert [intent.id] == [each["id"] for each in double.intents()]


def test_an_injected_500_has_no_effect_and_is_replayed(api: stripe.StripeClient, double: StripeDouble) -> None:
    double.faults.fail("/v1/payment_intents")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            pay(api, key="one")
        assert failed.value.http_status == 500
    assert double.intents() == []
    assert pay(api, key="another").status == "requires_capture"


@pytest.mark.parametrize("status", [503, 429])
def test_another_injected_error_is_not_replayed(api: stripe.StripeClient, double: StripeDouble, status: int) -> None:
    double.faults.fail("POST /v1/payment_intents", status=status)
    with pytest.raises(stripe.StripeError) as failed:
        pay(api, key="one")
    assert failed.value.http_status == status
    assert pay(api, key="one").status == "requires_capture"
