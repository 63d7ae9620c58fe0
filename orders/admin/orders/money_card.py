"""The money of an order on its page: payments with their sums, payment links, and bank transfers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from orders.lifecycle import Status
from orders.models import CheckoutPayment, Order, Payment, Refund
from orders.money import in_words
from orders.payment_methods import BANK_TRANSFER, CHECKOUT, NONE
from orders.selectors.order_ledger import Ledger, LedgerLine

NOTHING = "–"
# The payment methods that are no tokens.
METHODS = {CHECKOUT: "Payment page", BANK_TRANSFER: "Bank transfer", NONE: "Not chosen yet"}
_State = CheckoutPayment.State
CHECKOUT_STATES: dict[str, str] = {
    _State.OPENING: "Being opened",
    _State.OPEN: "Open, the customer has not paid",
    _State.PAID: "Paid, being charged",
    _State.USED: "Used",
    _State.CLOSED: "Closed, not paid",
    _State.RETURNING: "Being returned",
    _State.RETURNED: "Returned",
    _State.REFUSED: "Refused",
}
SOURCES: dict[str, str] = {
    CheckoutPayment.Source.LINK: "Payment link",
    CheckoutPayment.Source.SHOP: "Shop's checkout",
}


@dataclass(frozen=True, kw_only=True)
class PaymentRow:
    """`sums` has what was captured, refunded, voided and left; `until`: an authorisation stands as long."""

    number: int
    gateway: str
    reference: str
    state: str
    amount: str
    authorised: str
    until: datetime | None
    sums: Sequence[str]
    refunds: Sequence[Refund]


@dataclass(frozen=True, kw_only=True)
class CheckoutRow:
    source: str
    opened_at: datetime
    amount: str
    state: str
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class TransferRow:
    day: date
    reference: str
    amount: str
    state: str


@dataclass(frozen=True, kw_only=True)
class MoneyCard:
    """What the card shows; `totals` has the sums of `authorised` and of the columns after it."""

    payments: Sequence[PaymentRow]
    totals: Sequence[str]
    checkouts: Sequence[CheckoutRow]
    transfers: Sequence[TransferRow]
    notes: Sequence[str]


def money_card(ledger: Ledger) -> MoneyCard:
    """The card of an order whose rows were read."""
    sums = (ledger.authorised, ledger.captured, ledger.refunded, ledger.voided)
    return MoneyCard(
        payments=[_payment(line) for line in ledger.lines],
        totals=[*(_or_nothing(amount, ledger.order.currency) for amount in sums), ledger.in_words(ledger.left)],
        checkouts=[_checkout(ledger.order, row, payment) for row, payment in ledger.checkouts],
        transfers=[
            TransferRow(
                day=row.received_on,
                reference=row.reference,
                amount=row.amount_in_words,
                state=f"Used for payment {payment.attempt}" if payment else "Not used",
            )
            for row, payment in ledger.transfers
        ],
        notes=_notes(ledger),
    )


def _payment(line: LedgerLine) -> PaymentRow:
    payment, currency = line.payment, line.payment.currency
    sums = (line.captured, payment.refunded, payment.voided)
    return PaymentRow(
        number=payment.attempt,
        gateway=METHODS[BANK_TRANSFER] if line.is_by_transfer else payment.gateway,
        reference=payment.gateway_reference,
        state=_state_of(payment),
        amount=payment.amount_in_words,
        authorised=_or_nothing(payment.authorised, currency),
        until=payment.authorised_until if payment.authorised else None,
        sums=[*(_or_nothing(amount, currency) for amount in sums), in_words(line.left, currency)],
        refunds=line.refunds,
    )


def _state_of(payment: Payment) -> str:
    state = payment.get_state_display()
    if payment.decline_reason:
        return f"{state}: {payment.decline_reason}"
    is_going_back = payment.cancel_requested and payment.state in Payment.LIVE
    return f"{state}, being cancelled" if is_going_back else state


def _checkout(order: Order, row: CheckoutPayment, payment: Payment | None) -> CheckoutRow:
    state = CHECKOUT_STATES[row.state]
    if row.state == _State.PAID and order.status in (Status.RECEIVED, Status.IN_REVIEW):
        state = "Paid, waiting for the review"
    if row.state == _State.USED and payment:
        state = f"{state} for payment {payment.attempt}"
    return CheckoutRow(
        source=SOURCES[row.source],
        opened_at=row.created_at,
        amount=row.amount_in_words,
        state=state,
        until=row.expires_at if row.state == _State.OPEN else None,
    )


def _notes(ledger: Ledger) -> list[str]:
    """What of the bank transfers is not as it should be."""
    notes, unused = [], ledger.unused
    if unused and (missing := ledger.missing):
        notes.append(f"{ledger.in_words(unused)} received. {ledger.in_words(missing)} is still to be paid.")
    elif unused:
        notes.append(f"{ledger.in_words(unused)} arrived by bank transfer and was not needed. Pay it back by bank.")
    if ledger.surplus > 0:
        notes.append(f"{ledger.in_words(ledger.surplus)} too much arrived by bank transfer.")
    return notes


def _or_nothing(amount: int, currency: str) -> str:
    return in_words(amount, currency) if amount else NOTHING
