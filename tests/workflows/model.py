"""An order as the design describes it, in plain Python: what each command and each deadline does to it.

It is written from the design's tables and shares no rule with the product, so that the two can be held against each
other. It knows orders at rest: what follows by itself, the charge or a booking, has followed already.
"""

from dataclasses import dataclass

TOTAL = 9_999
HOUR, DAY = 3_600, 86_400
DEADLINES = {"in_review": HOUR, "awaiting_payment": DAY, "shipped": 14 * DAY}
# Until when an order can be held, and sent elsewhere.
OPEN = ("received", "in_review", "charging", "awaiting_payment", "paid", "picking", "packed", "shipping_failed")
FINAL = ("delivered", "cancelled", "rejected")


@dataclass
class Model:
    """Where an order stands. In cents: `captured` and `refunded` of the live payment, `granted` of any."""

    manual: bool
    level: str
    token: str
    street: str
    status: str = "in_review"
    approved: bool = False
    held: bool = False
    attention: bool = False
    returning: bool = False
    refund_failed: bool = False
    label: bool = False
    captured: int = 0
    refunded: int = 0
    granted: int = 0
    charges: int = 0

    @property
    def kept(self) -> int:
        """What we have of the customer's money."""
        return self.captured - self.refunded

    @property
    def deadline(self) -> int | None:
        """How many seconds the order may stand here; None: for ever."""
        paused = self.status == "in_review" and self.held
        overdue = self.status == "shipped" and self.attention
        return None if paused or overdue else DEADLINES.get(self.status)

    def apply(self, kind: str, **args: object) -> bool:
        """What a command does, and all that follows from it; whether the order accepts it."""
        accepted: bool = getattr(self, f"_{kind}")(**args)
        self._go_on()
        return accepted

    def let_the_deadline_pass(self) -> None:
        """What happens when nobody does anything."""
        if self.status == "in_review":
            self.apply("approve")
        elif self.status == "awaiting_payment":
            self.apply("cancel")
        else:
            self.attention = True

    # --- commands: True where they are accepted ---

    def _approve(self) -> bool:
        return self._moves("in_review", to="charging", approved=True)

    def _reject(self) -> bool:
        return self._moves("in_review", to="rejected")

    def _cancel(self) -> bool:
        return self._moves(*OPEN, to="cancelling", held=False, attention=False)

    def _update_address(self, street: str) -> bool:
        return self.status in OPEN and not self.label and self._becomes(street=street)

    def _cancel_payment(self) -> bool:
        if self.status == "paid" and not self.returning:
            return self._becomes(returning=True, attention=False)
        return self._moves("in_review", "charging", to="awaiting_payment")

    def _retry_payment(self, token: str) -> bool:
        return self._moves("awaiting_payment", to="charging" if self.approved else "in_review", token=token)

    def _retry_shipping(self) -> bool:
        return self._moves("shipping_failed", to="picking")

    def _hold(self) -> bool:
        return self.status in OPEN and not self.held and self._becomes(held=True)

    def _release(self) -> bool:
        return self.status in OPEN and self.held and self._becomes(held=False)

    def _pick(self) -> bool:
        return self._by_hand() and self._moves("paid", to="picking")

    def _pack(self) -> bool:
        return self._by_hand() and self._moves("picking", to="packed")

    def _fail_picking(self) -> bool:
        return self._by_hand() and self._moves("paid", "picking", to="shipping_failed")

    def _ship(self) -> bool:
        return self._by_hand() and self._moves("packed", to="shipped")

    def _deliver(self) -> bool:
        return self._is_underway() and self._becomes(status="delivered", label=False, attention=False)

    def _fail_delivery(self) -> bool:
        return self._is_underway() and self._becomes(status="shipping_failed", label=False, attention=False)

    def _refund(self, amount: int) -> bool:
        shipped = self.status in ("shipped", "delivered")
        ours = self.status in ("paid", "picking", "packed", "shipping_failed") and not self.returning
        # Before it is shipped, all of it would be a cancellation.
        fits = (shipped and amount <= self.kept) or (ours and amount < self.kept)
        return fits and self._becomes(refunded=self.refunded + amount, granted=self.granted + amount)

    def _settle_payment(self) -> bool:
        return False  # an order at rest has no payment without an outcome

    def _retry_refund(self) -> bool:
        return self._is_undoing() and self.refund_failed  # and fails again

    def _settle_refund(self) -> bool:
        if not (self._is_undoing() and self.refund_failed):
            return False
        return self._becomes(refunded=self.captured, refund_failed=False, attention=False)

    # --- what follows by itself ---

    def _go_on(self) -> None:
        while self._next():
            pass

    def _next(self) -> bool:
        """The next step that needs nobody; whether there was one."""
        if self._is_undoing():
            return not self.refund_failed and self._undo()
        if self.held:
            return False
        if self.status == "charging":
            return self._charge()
        if self.status == "packed" and not self.label and not self.manual:
            return self._becomes(status="shipping_failed") if self.level == "sim_refused" else self._becomes(label=True)
        return not self.manual and self._ship_by_itself()

    def _charge(self) -> bool:
        self.charges += 1
        if self.token == "tok_declined":
            return self._becomes(status="awaiting_payment")
        # What was given back because somebody asked for it is not charged again.
        return self._becomes(status="paid", captured=TOTAL - self.granted, refunded=0)

    def _ship_by_itself(self) -> bool:
        ends = {"standard": "delivered", "sim_lost": "shipping_failed"}
        steps = {"paid": "picking", "picking": "packed", "packed": "shipped", "shipped": ends.get(self.level)}
        to = steps.get(self.status)
        return to is not None and self._becomes(status=to, label=self.label and to != "shipped")

    def _undo(self) -> bool:
        if self.kept and self.token == "tok_refund_refused":
            return not self._becomes(refund_failed=True, attention=True)
        self.refunded, self.label = self.captured, False
        return self._becomes(
            status="cancelled" if self.status == "cancelling" else "awaiting_payment",
            returning=False,
            captured=0,
            refunded=0,
        )

    # --- words ---

    def _becomes(self, **changes: object) -> bool:
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def _moves(self, *statuses: str, to: str, **changes: object) -> bool:
        return self.status in statuses and self._becomes(status=to, **changes)

    def _by_hand(self) -> bool:
        return self.manual and not self.held and not self.returning

    def _is_underway(self) -> bool:
        return self.status == "shipped" or (self.status == "packed" and (self.label or self.manual))

    def _is_undoing(self) -> bool:
        return self.status == "cancelling" or self.returning
