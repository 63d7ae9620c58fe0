"""The double's refunds and disputes."""

import pytest
import stripe

from tests.doubles.shop import captured, pay
from tests.doubles.stripe import StripeDouble


def test_it_refunds_in_parts_up_to_what_was_captured(api: stripe.StripeClient) -> None:
    intent = captured(api)
    first = api.v1.refunds.create({"payment_intent": intent.id, "amount": 400, "metadata": {"refund_id": "1"}})
    assert (first.status, first.amount, first.charge) == ("succeeded", 400, intent.latest_charge)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount on charge"):
        api.v1.refunds.create({"payment_intent": intent.id, "amount": 601})
    assert api.v1.refunds.create({"charge": str(intent.latest_charge)}).amount == 600
    charge = api.v1.charges.retrieve(str(intent.latest_charge))
    assert (charge.refunded, charge.amount_refunded) == (True, 1000)


def test_it_does_not_refund_twice(api: stripe.StripeClient) -> None:
    intent = captured(api)
    api.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_already_refunded"


def test_it_refunds_no_more_than_a_partial_capture(api: stripe.StripeClient) -> None:
    intent = pay(api)
    api.v1.payment_intents.capture(intent.id, {"amount_to_capture": 300})
    with pytest.raises(stripe.InvalidRequestError, match="greater than charge amount"):
        api.v1.refunds.create({"payment_intent": intent.id, "amount": 301})
    assert api.v1.refunds.create({"payment_intent": intent.id}).amount == 300


def test_it_refunds_only_what_was_captured(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.refunds.create({"payment_intent": pay(api).id})
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        api.v1.refunds.create({"payment_intent": pay(api, confirm=None).id})


def test_it_retrieves_lists_and_updates_refunds(api: stripe.StripeClient) -> None:
    intent = captured(api)
    ids = [api.v1.refunds.create({"payment_intent": intent.id, "amount": 100}).id for _ in range(2)]
    api.v1.refunds.create({"payment_intent": captured(api).id})
    listed = api.v1.refunds.list({"payment_intent": intent.id, "created": {"gte": 1}})
    assert [refund.id for refund in listed.data] == ids[::-1]
    api.v1.refunds.update(ids[0], {"metadata": {"note": "late"}})
    metadata = api.v1.refunds.retrieve(ids[0]).metadata
    assert metadata
    assert metadata.to_dict() == {"note": "late"}


def test_a_refund_fails_later(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = captured(api, payment_method="pm_card_refundFail")
    refund = api.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    double.clock.advance(hours=1)
    after = api.v1.refunds.retrieve(refund.id)
    assert (after.status, after.failure_reason) == ("failed", "expired_or_canceled_card")
    assert api.v1.charges.retrieve(str(intent.latest_charge)).amount_refunded == 0
    assert api.v1.events.list({"type": "refund.failed"}).data[0].data.object["id"] == refund.id
    assert [entry["kind"] for entry in double.books()][2:] == ["refund", "refund_failed"]


def test_a_refund_is_pending_at_first(api: stripe.StripeClient, double: StripeDouble) -> None:
    refund = api.v1.refunds.create({"payment_intent": captured(api, payment_method="pm_card_pendingRefund").id})
    assert refund.status == "pending"
    double.clock.advance(hours=1)
    assert api.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_it_refunds_in_the_dashboard(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = captured(api)
    double.refund_elsewhere(intent.id, 250)
    listed = api.v1.refunds.list({"payment_intent": intent.id}).data
    assert [(refund.amount, refund.metadata and refund.metadata.to_dict()) for refund in listed] == [(250, {})]
    assert double.books()[-1]["key"] is None


def test_a_dispute_takes_the_money_back(api: stripe.StripeClient, double: StripeDouble) -> None:
    intent = captured(api)
    dispute = double.dispute(intent.id)
    assert api.v1.charges.retrieve(str(intent.latest_charge)).disputed
    listed = api.v1.disputes.list({"payment_intent": intent.id}).data
    assert [(each.id, each.amount, each.status) for each in listed] == [(dispute["id"], 1000, "needs_response")]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"


@pytest.mark.parametrize(("won", "status"), [(True, "won"), (False, "lost")])
def test_a_dispute_is_closed(api: stripe.StripeClient, double: StripeDouble, won: bool, status: str) -> None:  # noqa: FBT001 - pytest passes it by name
    dispute = double.dispute(captured(api).id)
    double.close_dispute(dispute["id"], won=won)
    assert api.v1.disputes.retrieve(dispute["id"]).status == status
    assert api.v1.events.list({"type": "charge.dispute.closed"}).data[0].data.object["status"] == status


def test_a_disputed_card_is_disputed_once_it_is_captured(api: stripe.StripeClient) -> None:
    intent = pay(api, payment_method="pm_card_createDispute")
    assert api.v1.disputes.list({"payment_intent": intent.id}).data == []
    api.v1.payment_intents.capture(intent.id)
    assert len(api.v1.disputes.list({"payment_intent": intent.id}).data) == 1
