"""Bank transfers: customers send them, finance staff record them. None goes back by itself, and nobody can be asked."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from orders.errors import CaptureRefused, PaymentRefused, RefundRefused
from orders.gateways.payments.protocol import Capabilities, Checkout, CheckoutRequest, GatewayPayment, PaymentRequest

NOT_CHARGED = "A bank transfer is recorded, not charged."


class BankTransfers:
    """What a payment made of bank transfers has for its gateway; see `PaymentGateway`. It makes no network call."""

    name = "bank_transfer"
    default_method = "bank_transfer"
    capabilities = Capabilities(creates_first=False, several_captures=False, authorisation_lasts=timedelta())

    def supports(self, method: str) -> bool:
        return method == self.default_method

    def create(self, request: PaymentRequest, *, capture: bool) -> str:
        """Never called: `creates_first` is false."""
        raise PaymentRefused(NOT_CHARGED, reason="bank_transfer")

    def purchase(self, request: PaymentRequest) -> GatewayPayment:
        raise PaymentRefused(NOT_CHARGED, reason="bank_transfer")

    def authorise(self, request: PaymentRequest) -> GatewayPayment:
        raise PaymentRefused(NOT_CHARGED, reason="bank_transfer")

    def capture(self, request: PaymentRequest, *, key: str, amount: int) -> GatewayPayment:
        raise CaptureRefused(NOT_CHARGED)

    def void(self, request: PaymentRequest) -> GatewayPayment:
        raise PaymentRefused(NOT_CHARGED, reason="bank_transfer")

    def refund(self, request: PaymentRequest, *, key: str, amount: int) -> str:
        raise RefundRefused("It was paid by bank transfer: pay it back from the shop's account.")

    def look_up(self, request: PaymentRequest) -> None:
        """None: there is nobody to ask."""

    def payments_since(self, moment: datetime) -> Iterator[GatewayPayment]:
        yield from ()

    def open_checkout(self, request: CheckoutRequest) -> Checkout:
        raise PaymentRefused(NOT_CHARGED, reason="bank_transfer")

    def look_up_checkout(self, reference: str) -> None:
        """None: there are no payment pages."""

    def close_checkout(self, reference: str) -> Checkout:
        raise PaymentRefused(NOT_CHARGED, reason="bank_transfer")
