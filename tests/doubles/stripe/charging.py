"""What becomes of a payment attempt: authorised, captured, declined, released, or waiting for the customer or bank."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from tests.doubles.stripe.account import PRIVATE, Account, public
from tests.doubles.stripe.cards import CARDS, Authentication, Card, Settling
from tests.doubles.stripe.disputes import open_dispute
from tests.doubles.stripe.errors import DOCUMENTATION, ApiError, Json, not_found

AUTHORISATION_LASTS = timedelta(days=7).total_seconds()
BANK_TRANSFER_TAKES = timedelta(days=4).total_seconds()
# The `cancellation_reason` of an authorisation that has lapsed; before 2025-03-31.basil it was `automatic`.
LAPSED = "expired"
AUTHENTICATION_REQUIRED = "Your card was declined. This transaction requires authentication."
AUTHENTICATION_FAILED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod "
    "to attempt to fulfill this PaymentIntent again."
)


def payment_method(account: Account, name: str) -> Json:
    """The PaymentMethod of this id, or a new one of a test card."""
    if name in CARDS:
        return account.new("payment_method", "pm", **CARDS[name].details(), metadata={}, _={"card": name})
    known = account.objects.get(name)
    if known is None or known["object"] != "payment_method":
        raise not_found("PaymentMethod", name, param="payment_method")
    return known


def attempt(account: Account, intent: Json, *, off_session: bool) -> None:
    """Charge the intent's payment method.

    Raises:
        ApiError: it was declined; the decline is recorded.
    """
    card = card_of(account, intent)
    if card.settling:
        _submit(account, intent, card)
    elif card.code:
        raise decline(account, intent, code=card.code, decline_code=card.decline_code, message=card.message)
    elif card.authentication is Authentication.NEVER:
        authorise(account, intent)
    elif off_session:
        code = "authentication_required"
        raise decline(account, intent, code=code, decline_code=code, message=AUTHENTICATION_REQUIRED)
    else:
        _require_action(account, intent)


def card_of(account: Account, intent: Json) -> Card:
    return CARDS[account.objects[intent["payment_method"]][PRIVATE]["card"]]


def authorise(account: Account, intent: Json) -> None:
    """Hold the money, or take it at once where the capture is automatic."""
    manual = intent["capture_method"] == "manual"
    charge = _new_charge(account, intent, status="succeeded")
    intent.update(latest_charge=charge["id"], next_action=None, last_payment_error=None)
    account.record("authorisation", intent, intent["amount"], charge["id"])
    if not manual:
        _take(account, intent, charge, intent["amount"])
        account.emit("charge.succeeded", charge)
        _succeed(account, intent, charge)
        return
    capture_before = account.clock.seconds() + int(AUTHORISATION_LASTS)
    charge["payment_method_details"]["card"]["capture_before"] = capture_before
    intent.update(status="requires_capture", amount_capturable=intent["amount"])
    account.set_deadline(intent, capture_before)
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.amount_capturable_updated", account.save(intent))


def capture(account: Account, intent: Json, amount: int) -> None:
    """Take `amount` of what is authorised and release the rest."""
    charge = account.save(account.objects[intent["latest_charge"]])
    account.set_deadline(intent, None)
    _take(account, intent, charge, amount)
    account.emit("charge.captured", charge)
    _succeed(account, intent, charge)


def cancel(account: Account, intent: Json, reason: str | None) -> None:
    """End the intent; what is authorised is released."""
    held, was_processing = intent["amount_capturable"], intent["status"] == "processing"
    account.set_deadline(intent, None)
    intent.update(status="canceled", canceled_at=account.clock.seconds(), cancellation_reason=reason)
    intent.update(amount_capturable=0, next_action=None)
    if held:
        charge = account.save(account.objects[intent["latest_charge"]])
        account.record("lapse" if reason == LAPSED else "void", intent, held, charge["id"])
        if reason == LAPSED:
            account.emit("charge.expired", charge)
    elif was_processing:
        _fail_charge(account, account.objects[intent["latest_charge"]], "payment_canceled", "The payment was canceled.")
    account.emit("payment_intent.canceled", account.save(intent))


def decline(account: Account, intent: Json, *, code: str, decline_code: str | None, message: str) -> ApiError:
    """Record a declined charge; the error to answer with."""
    charge = _new_charge(account, intent, status="failed", code=code, decline_code=decline_code, message=message)
    intent["latest_charge"] = charge["id"]
    account.record("decline", intent, intent["amount"], charge["id"])
    account.emit("charge.failed", charge)
    return _fail(account, intent, code, message, {"charge": charge["id"], "decline_code": decline_code})


def finish_authentication(account: Account, intent: Json, *, passed: bool) -> None:
    """What the customer did on the bank's page; nothing if they were there already."""
    if intent["status"] != "requires_action":
        return
    if passed:
        authorise(account, intent)
    else:
        _fail(account, intent, "payment_intent_authentication_failure", AUTHENTICATION_FAILED, {})


def pass_deadline(account: Account, intent: Json) -> None:
    """An authorisation has lapsed, or the bank has answered."""
    if intent["status"] == "requires_capture":
        cancel(account, intent, LAPSED)
    elif intent["status"] == "processing":
        settle(account, intent)


def settle(account: Account, intent: Json) -> None:
    """The bank's answer to a payment that is processing."""
    if intent["status"] != "processing":
        raise ApiError(f"This PaymentIntent has a status of {intent['status']}, not of processing.")
    card, charge = card_of(account, intent), account.save(account.objects[intent["latest_charge"]])
    account.set_deadline(intent, None)
    if card.settling is Settling.FAILS:
        _fail_charge(account, charge, card.code, card.message)
        account.record("decline", intent, intent["amount"], charge["id"])
        _fail(account, intent, card.code or "", card.message, {"charge": charge["id"]})
        return
    charge.update(status="succeeded", paid=True)
    account.record("authorisation", intent, intent["amount"], charge["id"])
    _take(account, intent, charge, intent["amount"])
    account.emit("charge.succeeded", charge)
    _succeed(account, intent, charge)


def _take(account: Account, intent: Json, charge: Json, amount: int) -> None:
    charge.update(captured=True, amount_captured=amount)
    intent.update(status="succeeded", amount_capturable=0, amount_received=amount)
    account.record("capture", intent, amount, charge["id"])


def _succeed(account: Account, intent: Json, charge: Json) -> None:
    account.save(charge)
    if session := account.objects.get(intent[PRIVATE].get("session", "")):
        account.save(session)["payment_status"] = "paid"
    account.emit("payment_intent.succeeded", account.save(intent))
    if card_of(account, intent).is_disputed:
        open_dispute(account, intent)


def _fail(account: Account, intent: Json, code: str, message: str, fields: Mapping[str, str | None]) -> ApiError:
    method = public(account.find("payment_method", intent["payment_method"]))
    given = {name: value for name, value in fields.items() if value}
    doc_url = f"{DOCUMENTATION}{code.replace('_', '-')}"
    shared = {"code": code, "doc_url": doc_url, "message": message, "payment_method": method, "type": "card_error"}
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    intent["last_payment_error"] = {**shared, **given}
    account.emit("payment_intent.payment_failed", account.save(intent))
    about: Json = {**given, "payment_intent": public(intent), "payment_method": method}
    return ApiError(message, status=HTTPStatus.PAYMENT_REQUIRED, kind="card_error", code=code, executed=True, **about)


def _fail_charge(account: Account, charge: Json, code: str | None, message: str) -> None:
    charge.update(status="failed", failure_code=code, failure_message=message)
    account.emit("charge.failed", account.save(charge))


def _submit(account: Account, intent: Json, card: Card) -> None:
    charge = _new_charge(account, intent, status="pending")
    intent.update(status="processing", latest_charge=charge["id"], last_payment_error=None, next_action=None)
    if card.settling is not Settling.NEVER:
        account.set_deadline(intent, account.clock.now() + BANK_TRANSFER_TAKES)
    account.emit("charge.pending", charge)
    account.emit("payment_intent.processing", account.save(intent))


def _require_action(account: Account, intent: Json) -> None:
    return_url, url = intent[PRIVATE].get("return_url"), f"{account.base_url}/double/3ds/{intent['id']}"
    if return_url:
        action: Json = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    else:
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url}}
    intent.update(status="requires_action", next_action=action, last_payment_error=None)
    account.emit("payment_intent.requires_action", account.save(intent))


def _new_charge(
    account: Account,
    intent: Json,
    *,
    status: str,
    code: str | None = None,
    decline_code: str | None = None,
    message: str | None = None,
) -> Json:
    details = card_of(account, intent).details()
    declined = status == "failed"
    outcome = {
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": decline_code or code,
        "risk_level": "normal",
        "seller_message": "The bank did not accept the payment." if declined else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }
    return account.new(
        "charge",
        "ch" if details["type"] == "card" else "py",
        amount=intent["amount"],
        amount_captured=0,
        amount_refunded=0,
        balance_transaction=None,
        billing_details={"email": None, "name": None, "phone": None},
        captured=False,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_code=code,
        failure_message=message,
        metadata=dict(intent["metadata"]),
        outcome=outcome,
        paid=status == "succeeded",
        payment_intent=intent["id"],
        payment_method=intent["payment_method"],
        payment_method_details=details,
        receipt_email=intent["receipt_email"],
        refunded=False,
        status=status,
        _={"lists": {"refunds": []}},
    )
