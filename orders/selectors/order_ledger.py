"""An order's money as the back office shows it: payments, refunds, payment links and bank transfers, in minor units."""

from collections.abc import Sequence
from dataclasses import dataclass

from orders.models import BankTransfer, CheckoutPayment, Order, Payment, Refund
from orders.money import in_words
from orders.payment_methods import BANK_TRANSFER
from orders.selectors.payments import amount_due, awaits_new_payment


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """One payment and its refunds."""

    payment: Payment
    refunds: Sequence[Refund]

    @property
    def captured(self) -> int:
        return self.payment.captured

    @property
    def left(self) -> int:
        """The balance held."""
        return self.captured - self.payment.refunded

    @property
    def is_by_transfer(self) -> bool:
        return self.payment.gateway == BANK_TRANSFER


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """All of it, each in the order in which it came. `checkouts` and `transfers` know the payment that used them."""

    order: Order
    lines: Sequence[LedgerLine] = ()
    checkouts: Sequence[tuple[CheckoutPayment, Payment | None]] = ()
    transfers: Sequence[tuple[BankTransfer, Payment | None]] = ()

    @property
    def authorised(self) -> int:
        """What can still be captured."""
        return sum(line.payment.authorised for line in self.lines)

    @property
    def captured(self) -> int:
        return sum(line.captured for line in self.lines)

    @property
    def refunded(self) -> int:
        return sum(line.payment.refunded for line in self.lines)

    @property
    def voided(self) -> int:
        return sum(line.payment.voided for line in self.lines)

    @property
    def left(self) -> int:
        """The balance held."""
        return sum(line.left for line in self.lines)

    @property
    def surplus(self) -> int:
        """How much more arrived by bank transfer than the payments that it was for."""
        used = {payment.pk: payment.amount for _, payment in self.transfers if payment}
        return sum(row.amount for row, payment in self.transfers if payment) - sum(used.values())

    @property
    def unused(self) -> int:
        """What arrived by bank transfer and pays for nothing."""
        return sum(row.amount for row, payment in self.transfers if payment is None)

    @property
    def by_transfer(self) -> int:
        """What is held of it that arrived by bank transfer: no gateway can refund that."""
        return sum(line.left for line in self.lines if line.is_by_transfer) + self.unused

    @property
    def missing(self) -> int:
        """What is still to be paid; 0 for an order that does not wait for a payment."""
        return max(amount_due(self.order) - self.unused, 0) if awaits_new_payment(self.order) else 0

    def in_words(self, amount: int) -> str:
        return in_words(amount, self.order.currency)


def ledger_of(
    order: Order,
    payments: Sequence[Payment],
    checkouts: Sequence[CheckoutPayment],
    transfers: Sequence[BankTransfer],
) -> Ledger:
    """The ledger of an order whose rows were read, each payment with its refunds."""
    by_id = {payment.pk: payment for payment in payments}
    by_checkout = {payment.checkout_id: payment for payment in payments if payment.checkout_id}
    return Ledger(
        order=order,
        lines=[LedgerLine(payment=payment, refunds=list(payment.refunds.all())) for payment in payments],
        checkouts=[(row, by_checkout.get(row.pk)) for row in checkouts],
        transfers=[(row, by_id.get(row.payment_id) if row.payment_id else None) for row in transfers],
    )
