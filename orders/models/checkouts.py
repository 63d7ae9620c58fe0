"""What customers pay by themselves: on a payment page, or by bank transfer."""

from django.db import models
from django.db.models import Q

from orders import ids
from orders.models.tracked import TrackedModel
from orders.money import in_words


class CheckoutPayment(TrackedModel):
    """A payment that the customer makes on a page of the gateway, for `amount` minor units.

    `source`: we opened the page (`link`), or the shop's own checkout did (`shop`). `reference` and `url` are those of
    the page, `payment_reference` is the gateway's payment that was made there. `check_at`: when the gateway is asked
    next.
    """

    class Source(models.TextChoices):
        LINK = "link"
        SHOP = "shop"

    class State(models.TextChoices):
        """`paid`: it waits until its order is charged. `used`: a payment of the order took it over. `returning`: the
        order does not need it, and its money goes back. `refused`: it is not what it was said to be, or cannot go back.
        """

        OPENING = "opening"
        OPEN = "open"
        PAID = "paid"
        USED = "used"
        CLOSED = "closed"
        RETURNING = "returning"
        RETURNED = "returned"
        REFUSED = "refused"

    PAYABLE = (State.OPENING, State.OPEN)

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="checkouts")
    source = models.CharField(max_length=4, choices=Source.choices)
    state = models.CharField(max_length=9, choices=State.choices)
    gateway = models.CharField(max_length=40)
    capture = models.CharField(max_length=11)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=100, default="", blank=True)
    url = models.TextField(default="", blank=True)
    payment_reference = models.CharField(max_length=100, default="", blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    check_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "checkout_payments"
        ordering = ("order", "created_at")
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "payment_reference"],
                condition=~Q(payment_reference=""),
                name="checkout_payments_pay_one_order",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="checkout_payments_amount_positive"),
            models.CheckConstraint(
                condition=Q(
                    state__in=["opening", "open", "paid", "used", "closed", "returning", "returned", "refused"]
                ),
                name="checkout_payments_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["opening", "open", "closed"]) | ~Q(payment_reference=""),
                name="checkout_payments_paid_by_a_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["check_at"], condition=Q(check_at__isnull=False), name="checkout_payments_to_check"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="checkout_payments_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_in_words}, {self.state}"

    @property
    def key(self) -> str:
        """The gateway's key of the page, and the key of the payment that takes it over."""
        return f"checkout-{self.pk}"

    @property
    def amount_in_words(self) -> str:
        return in_words(self.amount, self.currency)


class BankTransfer(TrackedModel):
    """Money that arrived by bank transfer, as finance recorded it, in minor units. `payment`: the one it pays for."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="transfers")
    command = models.OneToOneField("orders.Command", models.PROTECT, related_name="transfer")
    payment = models.ForeignKey("orders.Payment", models.PROTECT, null=True, blank=True, related_name="transfers")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    received_on = models.DateField()
    reference = models.CharField(max_length=100)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "bank_transfers"
        ordering = ("order", "created_at")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="bank_transfers_amount_positive"),
            # The same line of a bank statement, recorded twice.
            models.UniqueConstraint(
                fields=["reference", "received_on", "amount", "currency"], name="bank_transfers_recorded_once"
            ),
        ]

    def __str__(self) -> str:
        return self.amount_in_words

    @property
    def amount_in_words(self) -> str:
        return in_words(self.amount, self.currency)
