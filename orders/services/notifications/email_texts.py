"""What the mails say, in English; marked for translation here, translated where a mail is made.

`{code}` and the other names in braces are filled in from the order. A line that tells what the order does not know is
left out. `button` is the words of the link to its page.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from orders.mails import Mail


@dataclass(frozen=True, kw_only=True)
class Words:
    """One mail's words. It has no link to the order's page where `button` is empty."""

    subject: str
    lines: tuple[str, ...]
    button: str = _("Follow your order")


GREETING = _("Hello {name},")
SIGNATURE = _("This mail was sent because of order {code}. Please do not pass its link on: it opens your order.")
CODE_SIGNATURE = _("This mail was sent because of order {code}.")

WORDS: dict[Mail, Words] = {
    Mail.RECEIVED: Words(
        subject=_("We have your order {code}"),
        lines=(
            _("thank you for your order of {total}."),
            _("We check it now and then take the payment of {due}."),
            _("On its page you see where it stands, and can change its address or cancel it while that is possible."),
        ),
    ),
    Mail.REVIEW_DELAYED: Words(
        subject=_("Checking your order {code} takes longer"),
        lines=(
            _("a person looks at your order before we take the payment, and that takes longer than usual."),
            _("You need not do anything. We write again when it goes on."),
        ),
    ),
    Mail.NOT_ACCEPTED: Words(
        subject=_("We could not accept your order {code}"),
        lines=(_("we are sorry: we could not accept your order. You pay nothing for it."),),
    ),
    Mail.PAYMENT_NEEDED: Words(
        subject=_("Your order {code} waits for a payment"),
        lines=(
            _("we have no payment of {total} for your order yet."),
            _("Please pay again on its page. Without a payment the order will be cancelled."),
            _("It waits for it until {until}. After that it is cancelled."),
        ),
        button=_("Pay again"),
    ),
    Mail.SHIPPED: Words(
        subject=_("Your order {code} is on its way"),
        lines=(
            _("the carrier has your parcel."),
            _("Carrier: {carrier}, tracking number: {number}"),
            _("Carrier: {only_carrier}"),
            _("Tracking number: {only_number}"),
            _("Follow the parcel: {link}"),
        ),
    ),
    Mail.DELIVERED: Words(
        subject=_("Your order {code} has arrived"),
        lines=(_("your parcel was delivered. Thank you for your order."),),
        button=_("See your order"),
    ),
    Mail.CANCELLED: Words(
        subject=_("Your order {code} is cancelled"),
        lines=(_("your order is cancelled. Whatever you paid for it goes back to you; banks take up to 14 days."),),
        button=_("See your order"),
    ),
    Mail.REFUNDED: Words(
        subject=_("A refund for your order {code}"),
        lines=(
            _("{amount} are on their way back to your payment method. Banks take up to 14 days."),
            _("So far, {refunded} of the {paid} that you paid have gone back."),
        ),
        button=_("See your order"),
    ),
    Mail.ADDRESS_CHANGED: Words(
        subject=_("The address of your order {code} was changed"),
        lines=(
            _("your parcel will go to another address now. You see it on the order's page."),
            _("If that was not you, please change it back there, or cancel the order."),
        ),
    ),
    Mail.RETURN_REQUESTED: Words(
        subject=_("You asked to return something of order {code}"),
        lines=(_("we have your request and look at it. We write again when it is decided."),),
        button=_("See your return"),
    ),
    Mail.RETURN_APPROVED: Words(
        subject=_("We agreed to your return for order {code}"),
        lines=(
            _("we agreed to your return."),
            _("Please send back: {pieces}. It has to reach us by {until}."),
            _("Our address: {address}"),
            _("Write {label} on the parcel."),
        ),
        button=_("See your return"),
    ),
    Mail.RETURN_REFUSED: Words(
        subject=_("We could not agree to your return for order {code}"),
        lines=(_("we are sorry: we could not agree to your return. On the order's page you see why."),),
        button=_("See your return"),
    ),
    Mail.RETURN_RECEIVED: Words(
        subject=_("Your return for order {code} reached us"),
        lines=(_("what you sent back has reached us. You get {amount} back for it."),),
        button=_("See your return"),
    ),
    Mail.RETURN_CLOSED: Words(
        subject=_("Your return for order {code} is closed"),
        lines=(
            _("the parcel of your return has reached us, and we could refund nothing for it."),
            _("On the order's page you see what it was for. If you think that we are wrong, please write to us."),
        ),
        button=_("See your return"),
    ),
    Mail.RETURN_EXPIRED: Words(
        subject=_("Your return for order {code} did not reach us"),
        lines=(
            _("what you wanted to return did not reach us in time, so the return has ended and nothing is refunded."),
            _("If you have sent it, please write to us."),
        ),
        button=_("See your return"),
    ),
    Mail.ACCESS_CODE: Words(
        subject=_("Your code for order {code}: {digits}"),
        lines=(
            _("your code is {digits}. It holds for ten minutes."),
            _("If you did not ask for it, ignore this mail. Give the code to nobody."),
        ),
        button="",
    ),
    Mail.LOST_LINK: Words(
        subject=_("The links to your orders"),
        lines=(
            _("here are the links to your recent orders."),
            _("You get them because they were asked for on our page, or because we corrected your e-mail address."),
            _("If you know of neither, ignore this mail."),
        ),
        button="",
    ),
}
