"""`/v1/checkout/sessions`: made by the shop, completed by the customer on the hosted page, or expired."""

from datetime import timedelta

from tests.doubles.stripe import charging, payment_intents
from tests.doubles.stripe.account import PRIVATE, Account
from tests.doubles.stripe.errors import ApiError, Json, missing_parameter, not_found
from tests.doubles.stripe.money import check_amount, currency_of
from tests.doubles.stripe.params import Params
from tests.doubles.stripe.views import as_list

SHORTEST, LONGEST = timedelta(minutes=30).total_seconds(), timedelta(hours=24).total_seconds()
# What a network takes, so that "in 30 minutes" is not already too short when it arrives.
TOLERANCE_SECONDS = 60
ECHOED = ("cancel_url", "client_reference_id", "customer", "customer_email", "locale", "success_url")
IN_DATA = frozenset(["capture_method", "description", "metadata", "receipt_email", "setup_future_usage"])
PAID_OR_HELD = ("succeeded", "requires_capture")


def create(account: Account, params: Params) -> Json:
    mode = params.choice("mode", ("payment",))
    if mode is None:
        raise missing_parameter("mode")
    params.required("success_url")
    items = [_line_item(item) for item in params.items("line_items")]
    if not items:
        raise missing_parameter("line_items")
    currency, amount = items[0]["currency"], sum(item["amount_total"] for item in items)
    if {item["currency"] for item in items} != {currency}:
        raise ApiError("All line items must have the same currency.", param="line_items")
    check_amount(amount, currency, param="line_items")
    expires_at = _expires_at(account, params)
    data = params.nested("payment_intent_data")
    data.check_known(IN_DATA)
    intent_data = {"metadata": data.metadata(), "description": data.text("description")}
    intent_data["capture_method"] = data.choice("capture_method", payment_intents.CAPTURE_METHODS) or "automatic_async"
    session = account.new(
        "checkout.session",
        "cs_test",
        amount_subtotal=amount,
        amount_total=amount,
        currency=currency,
        customer_details=None,
        expires_at=expires_at,
        metadata=params.metadata(),
        mode=mode,
        payment_intent=None,
        payment_method_types=[str(kind) for kind in params.list("allowed_payment_method_types")] or ["card"],
        payment_status="unpaid",
        status="open",
        ui_mode="hosted_page",
        **{name: params.text(name) for name in ECHOED},
        _={"intent_data": intent_data, "lists": {"line_items": items}},
    )
    session["url"] = f"{account.base_url}/double/checkout/{session['id']}"
    account.set_deadline(session, expires_at)
    return session


def update(account: Account, params: Params, identifier: str) -> Json:
    session = account.find("checkout.session", identifier)
    session["metadata"] = params.metadata(session["metadata"])
    return account.save(session)


def expire(account: Account, params: Params, identifier: str) -> Json:
    del params
    session = account.find("checkout.session", identifier)
    if session["status"] != "open":
        message = f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.'
        raise ApiError(message, executed=True)
    pass_deadline(account, session)
    return session


def line_items(account: Account, params: Params, identifier: str) -> Json:
    del params
    session = account.find("checkout.session", identifier)
    return as_list(session[PRIVATE]["lists"]["line_items"], f"/v1/checkout/sessions/{identifier}/line_items")


def pass_deadline(account: Account, session: Json) -> None:
    if session["status"] != "open":
        return
    account.set_deadline(session, None)
    session.update(status="expired", url=None)
    intent = account.objects.get(session["payment_intent"] or "")
    if intent and intent["status"] in payment_intents.CONFIRMABLE:
        charging.cancel(account, intent, "expired")
    account.emit("checkout.session.expired", account.save(session))


def pay(account: Account, session: Json, card: str) -> Json:
    """The customer pays with this test card; the intent, whose status says how it went.

    Raises:
        ApiError: the session is not open, or there is no such card.
    """
    if session["status"] != "open":
        raise not_found("checkout.session", session["id"])
    method = charging.payment_method(account, card)
    intent = _intent_of(account, session)
    if intent["status"] in payment_intents.CONFIRMABLE:
        intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
        charging.attempt(account, intent, off_session=False)
    complete_if_paid(account, session, intent)
    return intent


def complete_if_paid(account: Account, session: Json, intent: Json) -> None:
    if session["status"] != "open" or intent["status"] not in PAID_OR_HELD:
        return
    account.set_deadline(session, None)
    session.update(status="complete", url=None, customer_details={"email": session["customer_email"], "name": None})
    session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
    account.emit("checkout.session.completed", account.save(session))


def success_url(session: Json) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _intent_of(account: Account, session: Json) -> Json:
    if session["payment_intent"]:
        return account.objects[session["payment_intent"]]
    data = session[PRIVATE]["intent_data"]
    intent = payment_intents.new(
        account,
        session["amount_total"],
        session["currency"],
        capture_method=data["capture_method"],
        metadata=data["metadata"],
        types=session["payment_method_types"],
    )
    intent["description"] = data["description"]
    intent[PRIVATE].update(session=session["id"], return_url=session["url"])
    session["payment_intent"] = intent["id"]
    account.save(session)
    account.emit("payment_intent.created", intent)
    return intent


def _line_item(item: Params) -> Json:
    price = item.nested("price_data")
    if not item.has("price_data"):
        raise missing_parameter(item.name("price_data"))
    currency = currency_of(price.required("currency"))
    price.required("unit_amount")
    unit_amount, quantity = price.integer("unit_amount") or 0, item.positive("quantity")
    if quantity is None:
        raise missing_parameter(item.name("quantity"))
    if unit_amount < 0:
        raise ApiError(
            "Invalid non-negative integer", code="parameter_invalid_integer", param=price.name("unit_amount")
        )
    name = price.nested("product_data").required("name")
    total = unit_amount * quantity
    return {
        "object": "item",
        "amount_subtotal": total,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "price": {"object": "price", "currency": currency, "unit_amount": unit_amount},
        "quantity": quantity,
    }


def _expires_at(account: Account, params: Params) -> int:
    now, chosen = account.clock.seconds(), params.integer("expires_at")
    if chosen is None:
        return now + int(LONGEST)
    if not SHORTEST - TOLERANCE_SECONDS <= chosen - now <= LONGEST + TOLERANCE_SECONDS:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise ApiError(message, param="expires_at")
    return chosen
