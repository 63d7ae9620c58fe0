"""Disputes: the customer's bank takes money back, and the dispute is won or lost in the end."""

from tests.doubles.stripe.account import Account
from tests.doubles.stripe.errors import ApiError, Json
from tests.doubles.stripe.params import Params

ANSWER_WITHIN_SECONDS = 7 * 24 * 60 * 60


def open_dispute(account: Account, intent: Json, *, reason: str = "fraudulent") -> Json:
    """Dispute what was captured and not refunded."""
    charge = account.find("charge", intent["latest_charge"] or "")
    if not charge["captured"] or charge["disputed"]:
        raise ApiError(f"Charge {charge['id']} cannot be disputed.")
    charge["disputed"] = True
    amount = charge["amount_captured"] - charge["amount_refunded"]
    due_by = account.clock.seconds() + ANSWER_WITHIN_SECONDS
    dispute = account.new(
        "dispute",
        "du",
        amount=amount,
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        evidence_details={"due_by": due_by, "has_evidence": False, "past_due": False, "submission_count": 0},
        is_charge_refundable=False,
        metadata={},
        payment_intent=intent["id"],
        reason=reason,
        status="needs_response",
    )
    account.save(charge)
    account.record("dispute", intent, amount, dispute["id"])
    account.emit("charge.dispute.created", dispute)
    account.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(account: Account, params: Params, identifier: str) -> Json:
    """The shop accepts the dispute."""
    del params
    return finish(account, account.find("dispute", identifier), won=False)


def finish(account: Account, dispute: Json, *, won: bool) -> Json:
    if dispute["status"] in ("won", "lost"):
        raise ApiError("This dispute is already closed.", executed=True)
    dispute["status"] = "won" if won else "lost"
    account.save(dispute)
    if won:
        account.emit("charge.dispute.funds_reinstated", dispute)
    account.emit("charge.dispute.closed", dispute)
    return dispute
