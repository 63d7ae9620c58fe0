"""Payment methods that are not tokens of a gateway: the customer pays by themselves."""

# On a payment page of the gateway: a payment link, or the shop's own checkout.
CHECKOUT = "checkout"
BANK_TRANSFER = "bank_transfer"
# Nobody said yet how the order is paid.
NONE = ""

PAID_BY_CUSTOMER = frozenset({CHECKOUT, BANK_TRANSFER, NONE})
