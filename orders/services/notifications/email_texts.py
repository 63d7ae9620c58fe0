"""The texts of the customer e-mails in English, marked for translation.

Placeholders such as `{code}` are filled in from the order. A line with a placeholder that has no value is left out. The
first line starts in lower case because German continues so after the greeting; other languages capitalise it.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from orders.mails import Mail


@dataclass(frozen=True, kw_only=True)
class EmailText:
    """The texts of one e-mail. `button` labels the link to the order's page; empty: no link."""

    subject: str
    lines: tuple[str, ...]
    button: str = _("Track your order")


GREETING = _("Hello {name},")
SIGNATURE = _("This email is about order {code}. Please do not share its link: anyone who has it can see your order.")
CODE_SIGNATURE = _("This email is about order {code}.")

EMAIL_TEXTS: dict[Mail, EmailText] = {
    Mail.RECEIVED: EmailText(
        subject=_("We have received your order {code}"),
        lines=(
            _("thank you for your order of {total}."),
            _("We are checking it now and will then charge {due}."),
            _("We are checking it now. You can pay {payable} on the order page."),
            _("On the order page you can track your order and, while possible, change the address or cancel."),
        ),
    ),
    Mail.REVIEW_DELAYED: EmailText(
        subject=_("Your order {code} is still being checked"),
        lines=(
            _("we are checking your order before taking payment. This is taking longer than usual."),
            _("You do not need to do anything. We will email you when there is news."),
        ),
    ),
    Mail.NOT_ACCEPTED: EmailText(
        subject=_("We could not accept your order {code}"),
        lines=(_("we are sorry, but we could not accept your order. You will not be charged."),),
    ),
    Mail.PAYMENT_NEEDED: EmailText(
        subject=_("Payment needed for your order {code}"),
        lines=(
            _("we have not received the payment of {total} for your order yet."),
            _("Please pay on the order page. Without payment, the order will be cancelled."),
            _("Please pay by {until}."),
            _("Or send {missing} by bank transfer to {account}, with the payment reference {code}."),
        ),
        button=_("Pay now"),
    ),
    Mail.SHIPPED: EmailText(
        subject=_("Your order {code} is on its way"),
        lines=(
            _("your parcel is with the carrier."),
            _("It contains: {contents}. The rest of your order comes in another parcel."),
            _("Carrier: {carrier}, tracking number: {number}"),
            _("Carrier: {only_carrier}"),
            _("Tracking number: {only_number}"),
            _("Track your parcel: {link}"),
        ),
    ),
    Mail.DELIVERED: EmailText(
        subject=_("Your order {code} has arrived"),
        lines=(_("your parcel was delivered. Thank you for your order."),),
        button=_("View your order"),
    ),
    Mail.CANCELLED: EmailText(
        subject=_("Your order {code} is cancelled"),
        lines=(_("your order is cancelled. Any payment you made will be refunded. Your bank can take up to 14 days."),),
        button=_("View your order"),
    ),
    Mail.REFUNDED: EmailText(
        subject=_("Refund for your order {code}"),
        lines=(
            _("we have sent a refund of {amount} to your payment method. Your bank can take up to 14 days."),
            _("So far, {refunded} of the {paid} you paid has been refunded."),
        ),
        button=_("View your order"),
    ),
    Mail.ADDRESS_CHANGED: EmailText(
        subject=_("Delivery address changed for your order {code}"),
        lines=(
            _("your parcel will be sent to a new address. You can see it on the order page."),
            _("If you did not make this change, please correct the address there or cancel the order."),
        ),
    ),
    Mail.RETURN_REQUESTED: EmailText(
        subject=_("We received your return request for order {code}"),
        lines=(_("we are reviewing your request and will email you our decision."),),
        button=_("View your return"),
    ),
    Mail.RETURN_APPROVED: EmailText(
        subject=_("Your return for order {code} is approved"),
        lines=(
            _("your return is approved."),
            _("Please send back: {pieces}. The parcel must reach us by {until}."),
            _("Return address: {address}"),
            _("Write {label} on the parcel."),
        ),
        button=_("View your return"),
    ),
    Mail.RETURN_REFUSED: EmailText(
        subject=_("Your return for order {code} was declined"),
        lines=(_("we are sorry, but we could not approve your return. You can see the reason on the order page."),),
        button=_("View your return"),
    ),
    Mail.RETURN_RECEIVED: EmailText(
        subject=_("We received your return for order {code}"),
        lines=(_("we have received your return. We will refund {amount}."),),
        button=_("View your return"),
    ),
    Mail.RETURN_CLOSED: EmailText(
        subject=_("Your return for order {code} is closed"),
        lines=(
            _("we have received your return, but we could not refund it."),
            _("You can see its items on the order page. If you think this is a mistake, please contact us."),
        ),
        button=_("View your return"),
    ),
    Mail.RETURN_EXPIRED: EmailText(
        subject=_("Your return for order {code} did not arrive"),
        lines=(
            _("your return did not arrive in time. It is now closed and will not be refunded."),
            _("If you have already sent it, please contact us."),
        ),
        button=_("View your return"),
    ),
    Mail.ACCESS_CODE: EmailText(
        subject=_("Your code for order {code}: {digits}"),
        lines=(
            _("your code is {digits}. It expires in 10 minutes."),
            _("If you did not request this code, you can ignore this email. Do not share the code with anyone."),
        ),
        button="",
    ),
    Mail.LOST_LINK: EmailText(
        subject=_("Links to your orders"),
        lines=(
            _("here are the links to your recent orders."),
            _("We send them because they were requested on our website or because we corrected your email address."),
            _("If neither applies to you, you can ignore this email."),
        ),
        button="",
    ),
}
