"""The pages that a customer sees at Stripe, or at the bank: HTML without scripts."""

from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit, urlunsplit

from tests.doubles.stripe import charging, checkout
from tests.doubles.stripe.account import PRIVATE, Account
from tests.doubles.stripe.errors import ApiError, Json
from tests.doubles.stripe.money import formatted

OFFERED = {
    "pm_card_visa": "Pay with 4242, which succeeds",
    "pm_card_chargeDeclined": "Pay with 0002, which is declined",
    "pm_card_chargeDeclinedInsufficientFunds": "Pay with 9995, which has insufficient funds",
    "pm_card_threeDSecure2Required": "Pay with 3220, which asks for 3-D Secure",
    "pm_card_createDispute": "Pay with 0259, which is disputed",
    "pm_card_refundFail": "Pay with 5126, whose refunds fail",
}


@dataclass(frozen=True)
class Page:
    """HTML, or a redirection where `location` is given."""

    html: str = ""
    status: int = HTTPStatus.OK
    location: str = ""


def show_checkout(account: Account, identifier: str) -> Page:
    session = account.find("checkout.session", identifier)
    if session["status"] == "complete":
        return _redirect(checkout.success_url(session))
    if session["status"] == "expired":
        return Page(_document("Expired", "<p>This checkout page has expired.</p>"))
    intent = account.objects.get(session["payment_intent"] or "")
    failure = intent["last_payment_error"] if intent else None
    items = "".join(
        f"<li>{item['quantity']} × {escape(item['description'])}: {formatted(item['amount_total'], item['currency'])}"
        for item in session[PRIVATE]["lists"]["line_items"]
    )
    content = (
        (f'<p role="alert">{escape(failure["message"])}</p>' if failure else "")
        + f"<ul>{items}</ul><p>Total: {formatted(session['amount_total'], session['currency'])}</p>"
        + _buttons("payment_method", OFFERED, action=session["url"])
        + (f'<p><a href="{escape(session["cancel_url"])}">Back</a></p>' if session["cancel_url"] else "")
    )
    return Page(_document("Checkout", content))


def pay(account: Account, identifier: str, card: str) -> Page:
    session = account.find("checkout.session", identifier)
    if session["status"] != "open":
        return show_checkout(account, identifier)
    try:
        intent = checkout.pay(account, session, card)
    except ApiError as error:
        if error.status != HTTPStatus.PAYMENT_REQUIRED:
            raise
        return show_checkout(account, identifier)
    if intent["next_action"]:
        return _redirect(intent["next_action"]["redirect_to_url"]["url"])
    return show_checkout(account, identifier)


def show_authentication(account: Account, identifier: str) -> Page:
    intent = account.find("payment_intent", identifier)
    if intent["status"] != "requires_action":
        return _after_authentication(account, intent)
    question = f"<p>Pay {formatted(intent['amount'], intent['currency'])}?</p>"
    return Page(_document("3-D Secure", question + _buttons("result", {"complete": "Complete", "fail": "Fail"})))


def authenticate(account: Account, identifier: str, result: str) -> Page:
    intent = account.find("payment_intent", identifier)
    if result not in ("complete", "fail"):
        raise ApiError("Invalid result: must be complete or fail.", param="result")
    charging.finish_authentication(account, intent, passed=result == "complete")
    return _after_authentication(account, intent)


def _after_authentication(account: Account, intent: Json) -> Page:
    if session := account.objects.get(intent[PRIVATE].get("session", "")):
        checkout.complete_if_paid(account, session, intent)
        return show_checkout(account, session["id"])
    return_url = intent[PRIVATE].get("return_url")
    if return_url is None:
        return Page(_document("3-D Secure", "<p>You can close this page.</p>"))
    result = "failed" if intent["last_payment_error"] or intent["status"] == "canceled" else "succeeded"
    added = {"payment_intent": intent["id"], "payment_intent_client_secret": intent["client_secret"]}
    parts = urlsplit(return_url)
    query = "&".join(filter(None, [parts.query, urlencode({**added, "redirect_status": result})]))
    return _redirect(urlunsplit(parts._replace(query=query)))


def _redirect(location: str) -> Page:
    return Page(status=HTTPStatus.SEE_OTHER, location=location)


def _buttons(name: str, labels: dict[str, str], *, action: str = "") -> str:
    """A form that is sent to `action`, or to the page's own address."""
    buttons = "".join(
        f'<p><button name="{name}" value="{value}">{escape(label)}</button></p>' for value, label in labels.items()
    )
    target = f' action="{escape(action)}"' if action else ""
    return f'<form method="post"{target}>{buttons}</form>'


def _document(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )
