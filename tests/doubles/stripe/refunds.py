"""`/v1/refunds`, and how the refund of some test cards ends.

Since 2025-03-31.basil neither a cancellation nor a partial capture makes a refund.
"""

from datetime import timedelta

from tests.doubles.stripe.account import PRIVATE, Account
from tests.doubles.stripe.cards import CARDS
from tests.doubles.stripe.errors import ApiError, Json, missing_parameter
from tests.doubles.stripe.money import check_decimals, formatted
from tests.doubles.stripe.params import Params

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
BANK_ANSWERS_AFTER = timedelta(hours=1).total_seconds()


def create(account: Account, params: Params) -> Json:
    charge = _charge_named(account, params)
    reason = params.choice("reason", REASONS)
    metadata = params.metadata()
    return refund(account, charge, params.positive("amount"), reason=reason, metadata=metadata)


def update(account: Account, params: Params, identifier: str) -> Json:
    found = account.find("refund", identifier)
    found["metadata"] = params.metadata(found["metadata"])
    account.emit("refund.updated", account.save(found))
    return found


def refund(
    account: Account, charge: Json, amount: int | None, *, reason: str | None = None, metadata: Json | None = None
) -> Json:
    """Give back `amount`, or all that was not yet given back.

    Raises:
        ApiError: the charge does not have so much left, or is disputed.
    """
    left = refundable(charge)
    _check(charge, amount, left)
    amount = amount or left
    intent = account.find("payment_intent", charge["payment_intent"])
    card = CARDS[account.objects[charge["payment_method"]][PRIVATE]["card"]]
    status = "pending" if card.refund_pends else "succeeded"
    made = _new(account, charge, amount, status=status, reason=reason, metadata=metadata or {})
    if card.refund_fails or card.refund_pends:
        account.set_deadline(made, account.clock.now() + BANK_ANSWERS_AFTER)
    account.record("refund", intent, amount, made["id"], made["metadata"])
    account.emit("refund.created", made)
    account.emit("charge.refunded", charge)
    return made


def refundable(charge: Json) -> int:
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    return left


def pass_deadline(account: Account, made: Json) -> None:
    """The customer's bank has taken the refund, or sent it back."""
    charge = account.save(account.find("charge", made["charge"]))
    intent = account.find("payment_intent", made["payment_intent"])
    if not CARDS[account.objects[charge["payment_method"]][PRIVATE]["card"]].refund_fails:
        made["status"] = "succeeded"
        account.emit("refund.updated", account.save(made))
        return
    made.update(status="failed", failure_reason="expired_or_canceled_card")
    charge.update(amount_refunded=charge["amount_refunded"] - made["amount"], refunded=False)
    account.record("refund_failed", intent, made["amount"], made["id"], made["metadata"])
    account.emit("refund.updated", account.save(made))
    account.emit("charge.refund.updated", made)
    account.emit("refund.failed", made)


def _charge_named(account: Account, params: Params) -> Json:
    if name := params.text("charge"):
        return account.find("charge", name, param="charge")
    if not params.has("payment_intent"):
        raise missing_parameter("payment_intent")
    intent = account.find("payment_intent", params.required("payment_intent"), param="payment_intent")
    charge = account.objects.get(intent["latest_charge"] or "")
    if charge is None or charge["status"] != "succeeded":
        raise ApiError(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    return charge


def _check(charge: Json, amount: int | None, left: int) -> None:
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise ApiError(message, code="charge_already_refunded", executed=True)
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise ApiError(message, code="charge_disputed", executed=True)
    if not charge["captured"]:
        raise ApiError(f"Charge {charge['id']} has not been captured; cancel its PaymentIntent.", executed=True)
    if amount is None:
        return
    currency = charge["currency"]
    check_decimals(amount, currency)
    if amount > left:
        what = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        sums = formatted(amount, currency), formatted(left, currency)
        raise ApiError(f"Refund amount ({sums[0]}) is greater than {what} ({sums[1]})", param="amount", executed=True)


def _new(account: Account, charge: Json, amount: int, *, status: str, reason: str | None, metadata: Json) -> Json:
    made = account.new(
        "refund",
        "re",
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        destination_details={"type": "card", "card": {"reference_status": "pending", "type": "refund"}},
        metadata=metadata,
        payment_intent=charge["payment_intent"],
        reason=reason,
        receipt_number=None,
        status=status,
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = refundable(charge) == 0
    charge[PRIVATE]["lists"]["refunds"].insert(0, made["id"])
    account.save(charge)
    return made
