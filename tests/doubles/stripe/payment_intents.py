"""`/v1/payment_intents`: what each call demands, and which status allows it."""

import secrets

from tests.doubles.stripe import charging
from tests.doubles.stripe.account import PRIVATE, Account, public
from tests.doubles.stripe.errors import ApiError, Json, missing_parameter, unexpected_state
from tests.doubles.stripe.money import check_amount, check_decimals, currency_of
from tests.doubles.stripe.params import Params

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture", "processing")
CANCELLATION_REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
CAPTURE_METHODS = ("automatic", "automatic_async", "manual")
ONLY_WITH_CONFIRM = ("error_on_requires_action", "mandate", "mandate_data", "off_session", "return_url")
TYPES = ("card", "us_bank_account")


def create(account: Account, params: Params) -> Json:
    if not params.has("amount"):
        raise missing_parameter("amount")
    amount, currency = params.positive("amount") or 0, currency_of(params.required("currency"))
    check_amount(amount, currency)
    types, automatic = _types(params)
    capture_method = params.choice("capture_method", CAPTURE_METHODS) or "automatic_async"
    metadata = params.metadata()
    _check_confirmation(params, automatic)
    _check_only_with_confirm(params)
    method = _method(account, params, types)
    intent = new(account, amount, currency, capture_method=capture_method, metadata=metadata, types=types)
    intent.update({name: params.text(name) for name in ("customer", "description", "receipt_email")})
    intent.update(setup_future_usage=params.text("setup_future_usage"), automatic_payment_methods=automatic)
    _use(account, intent, method, params)
    account.emit("payment_intent.created", intent)
    if params.boolean("confirm"):
        _attempt(account, intent, params)
    return intent


def new(account: Account, amount: int, currency: str, *, capture_method: str, metadata: Json, types: list[str]) -> Json:
    """An intent without a payment method; its event is not yet made."""
    intent = account.new(
        "payment_intent",
        "pi",
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        automatic_payment_methods=None,
        canceled_at=None,
        cancellation_reason=None,
        capture_method=capture_method,
        confirmation_method="automatic",
        currency=currency,
        customer=None,
        description=None,
        last_payment_error=None,
        latest_charge=None,
        metadata=metadata,
        next_action=None,
        payment_method=None,
        payment_method_types=types,
        processing=None,
        receipt_email=None,
        setup_future_usage=None,
        shipping=None,
        status="requires_payment_method",
    )
    intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(12)}"
    return intent


def update(account: Account, params: Params, identifier: str) -> Json:
    intent = account.find("payment_intent", identifier)
    if (params.has("amount") or params.has("payment_method")) and intent["status"] not in CONFIRMABLE:
        message = f"This PaymentIntent's amount could not be updated because it has a status of {intent['status']}."
        raise unexpected_state(message, public(intent))
    metadata = params.metadata(intent["metadata"])
    method = _method(account, params, intent["payment_method_types"])
    if (amount := params.positive("amount")) is not None:
        check_amount(amount, intent["currency"])
        intent["amount"] = amount
    _use(account, intent, method, params)
    named = {name: params.text(name) for name in ("customer", "description", "receipt_email") if params.has(name)}
    intent.update(metadata=metadata, **named)
    return account.save(intent)


def confirm(account: Account, params: Params, identifier: str) -> Json:
    intent = account.find("payment_intent", identifier)
    if intent["status"] == "succeeded":
        message = (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
        )
        raise unexpected_state(message, public(intent))
    _check_status(intent, "confirm", CONFIRMABLE)
    _check_confirmation(params, intent["automatic_payment_methods"], intent)
    _use(account, intent, _method(account, params, intent["payment_method_types"]), params)
    _attempt(account, intent, params)
    return intent


def capture(account: Account, params: Params, identifier: str) -> Json:
    intent = account.find("payment_intent", identifier)
    if intent["status"] != "requires_capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture."
        )
        raise unexpected_state(message, public(intent))
    amount = params.positive("amount_to_capture") or intent["amount_capturable"]
    check_decimals(amount, intent["currency"], param="amount_to_capture")
    if amount > intent["amount_capturable"]:
        message = "The amount to capture is greater than the amount that can be captured of this PaymentIntent."
        raise ApiError(message, code="amount_too_large", param="amount_to_capture")
    intent["metadata"] = params.metadata(intent["metadata"])
    charging.capture(account, intent, amount)
    return intent


def cancel(account: Account, params: Params, identifier: str) -> Json:
    intent = account.find("payment_intent", identifier)
    reason = params.choice("cancellation_reason", CANCELLATION_REASONS)
    _check_status(intent, "cancel", CANCELABLE)
    charging.cancel(account, intent, reason)
    return intent


def _check_status(intent: Json, call: str, allowed: tuple[str, ...]) -> None:
    if intent["status"] not in allowed:
        participle = "confirmed" if call == "confirm" else "canceled"
        message = (
            f"You cannot {call} this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be {participle}: {', '.join(allowed)}."
        )
        raise unexpected_state(message, public(intent))


def _types(params: Params) -> tuple[list[str], Json | None]:
    """The types that are allowed, or the automatic choice that holds where none is named."""
    allowed = [str(kind) for kind in params.list("allowed_payment_method_types")]
    if allowed and params.has("automatic_payment_methods"):
        message = "You may only specify one of: allowed_payment_method_types, automatic_payment_methods."
        raise ApiError(message, param="allowed_payment_method_types")
    if allowed:
        return [kind for kind in allowed if kind in TYPES], None
    redirects = params.nested("automatic_payment_methods").choice("allow_redirects", ("always", "never")) or "always"
    return list(TYPES), {"allow_redirects": redirects, "enabled": True}


def _check_confirmation(params: Params, automatic: Json | None, intent: Json | None = None) -> None:
    """Automatic payment methods may redirect the customer, so that they must have somewhere to return to."""
    confirms = intent is not None or params.boolean("confirm")
    known = params.text("return_url") or (intent and intent[PRIVATE].get("return_url"))
    if confirms and automatic and automatic["allow_redirects"] == "always" and not known:
        if _is_off_session(params):
            return
        message = (
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`, or "
            "set `automatic_payment_methods[allow_redirects]` to `never`."
        )
        raise ApiError(message)


def _check_only_with_confirm(params: Params) -> None:
    for name in ONLY_WITH_CONFIRM:
        if params.has(name) and not params.boolean("confirm"):
            raise ApiError(f"You can only use `{name}` with `confirm=true`.", param=name)


def _is_off_session(params: Params) -> bool:
    return params.text("off_session") in ("true", "one_off", "recurring")


def _method(account: Account, params: Params, types: list[str]) -> Json | None:
    name = params.text("payment_method")
    if name is None:
        return None
    method = charging.payment_method(account, name)
    if method["type"] not in types:
        message = f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent."
        raise ApiError(message, param="payment_method")
    if method["customer"] and method["customer"] != params.text("customer"):
        message = (
            "The payment method you provided is attached to a customer. Please include the Customer in the request."
        )
        raise ApiError(message, param="payment_method")
    return method


def _use(account: Account, intent: Json, method: Json | None, params: Params) -> None:
    if return_url := params.text("return_url"):
        intent[PRIVATE]["return_url"] = return_url
    if method:
        intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    account.save(intent)


def _attempt(account: Account, intent: Json, params: Params) -> None:
    if intent["payment_method"] is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update the PaymentIntent "
            "with a payment method and then confirm it again, or confirm it with a payment method."
        )
        raise unexpected_state(message, public(intent))
    fails_on_action = params.boolean("error_on_requires_action")
    charging.attempt(account, intent, off_session=_is_off_session(params) or fails_on_action)
