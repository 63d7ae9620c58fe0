"""What we ask of a payment gateway, whoever it is."""

from functools import cache
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orders.gateways.charges import Charge
from orders.gateways.http_payments import HttpPayments
from orders.gateways.simulated_payments import SimulatedPayments


class PaymentGateway(Protocol):
    """A payment gateway. Every call may raise `GatewayUnavailable`: what it did is unknown then, and asked for again.

    A call repeated with its key has one effect and gets the first answer, whatever became of that answer.
    """

    name: str

    def supports(self, method: str) -> bool:
        """Whether the token has a form this gateway knows; asks nobody."""
        ...

    def capture(self, *, key: str, order_id: str, amount: int, currency: str, method: str) -> Charge:
        """Charge `amount` minor units."""
        ...

    def cancel(self, *, key: str, order_id: str) -> Charge:
        """Make sure that the key charges nothing from now on; `captured` if it did before."""
        ...

    def refund(self, *, key: str, order_id: str, reference: str, amount: int, currency: str) -> str:
        """Return `amount` minor units of the charge `reference`; the refund's own reference.

        Raises:
            RefundRefused: it never will.
        """
        ...


@cache
def payment_gateway() -> PaymentGateway:
    """The gateway that `PAYMENT_GATEWAY` names."""
    if HttpPayments.name == settings.PAYMENT_GATEWAY:
        return HttpPayments(settings.PAYMENT_GATEWAY_URL, timeout=settings.GATEWAY_TIMEOUT)
    if SimulatedPayments.name == settings.PAYMENT_GATEWAY:
        return SimulatedPayments(settings.SIMULATED_DIR, timeout=settings.GATEWAY_TIMEOUT)
    raise ImproperlyConfigured(
        f"PAYMENT_GATEWAY is {settings.PAYMENT_GATEWAY!r}: there are only 'simulated' and 'simulated_http' so far."
    )
