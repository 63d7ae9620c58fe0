"""One made-up order and its rows: each step adds the rows that the product's own step would have written."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.db.models import Model

from orders.actors import Actor
from orders.commands import CommandState, Kind
from orders.lifecycle import FINAL, WAITS_FOR, EventType, PaymentStatus, Status, Waiting
from orders.models import Command, Event, Order, OrderItem, Payment, Refund, Shipment
from orders.selectors.offers import carrier_for
from orders.services.seeding import vocabulary
from orders.services.seeding.rows import Row, row_id
from orders.services.state.transition import digest

EventData = dict[str, str | int | list[str]]

# The longest that an order takes. One placed more recently is compressed, so that it ends before now.
LONGEST = timedelta(days=8)
WEIGHT = 500  # grams apiece, the model's default


@dataclass
class History:
    """An order and all its rows so far. `at` is the current moment of the story."""

    rng: Random
    order: Row
    at: datetime
    now: datetime
    rows: dict[type[Model], list[Row]] = field(default_factory=lambda: defaultdict(list))
    payment: Row | None = None
    shipment: Row | None = None

    def __post_init__(self) -> None:
        self._pace = min(1.0, (self.now - self.at) / LONGEST)
        self.items = vocabulary.items(self.rng, self.order)
        self.order.subtotal = self.order.total = sum(item.quantity * item.unit_price for item in self.items)
        self.order.created_at = self.order.updated_at = self.at
        self.rows[Order].append(self.order)
        self.rows[OrderItem].extend(self.items)

    def later(self, *, minutes: float) -> None:
        """Let about so many minutes pass."""
        self.at += timedelta(minutes=minutes * self.rng.uniform(0.3, 1)) * self._pace

    def event(
        self,
        kind: EventType,
        to: Status | None = None,
        *,
        actor: str = Actor.SYSTEM,
        key: str,
        command: Row | None = None,
        data: EventData | None = None,
    ) -> None:
        """Add an event and set the order's status to `to`."""
        order = self.order
        if to is not None:
            order.status, order.deadline = to.value, None
            order.waiting_for = Waiting.NOTHING if to in FINAL else WAITS_FOR[to]
        order.event_seq += 1
        row = Row(
            id=row_id(self.at, self.rng),
            order_id=order.id,
            seq=order.event_seq,
            type=kind.value,
            status=order.status,
            actor=actor,
            data=dict(data or {}),
            command_id=command.id if command else None,
            step_key=key,
            created_at=self.at.isoformat(),
            prev_hash=order.event_hash,
        )
        row.hash = order.event_hash = digest(
            {
                "order": row.order_id,
                "seq": row.seq,
                "type": row.type,
                "status": row.status,
                "actor": row.actor,
                "data": row.data,
                "command": row.command_id,
                "key": row.step_key,
                "at": row.created_at,
                "prev": row.prev_hash,
            }
        )
        order.updated_at = self.at
        self.rows[Event].append(row)

    def command(self, kind: Kind, *, actor: str, outcome: str, reason: str = "") -> Row:
        """Add a command that was applied at once."""
        self.order.command_seq += 1
        row = Row(
            id=row_id(self.at, self.rng),
            order_id=self.order.id,
            seq=self.order.command_seq,
            kind=kind,
            state=CommandState.APPLIED,
            outcome=outcome,
            actor=actor,
            reason=reason,
            created_at=self.at,
            available_at=self.at,
            settled_at=self.at,
        )
        self.rows[Command].append(row)
        return row

    def placed(self, *, actor: str) -> Row:
        place = self.command(Kind.PLACE, actor=actor, outcome="The order was accepted.")
        self.event(EventType.ORDER_RECEIVED, actor=actor, key="received", command=place)
        self.later(minutes=1)
        return place

    def charged(self, *, declined: bool = False) -> None:
        """The gateway is asked to charge the total, and answers."""
        order, rng = self.order, self.rng
        attempt = self.payment.attempt + 1 if self.payment else 1
        self.payment = payment = Row(
            id=row_id(self.at, rng),
            order_id=order.id,
            attempt=attempt,
            amount=order.total,
            currency=order.currency,
            method="tok_declined" if declined else "tok_ok",
            idempotency_key=f"charge-{order.id}-{attempt}",
            captured=0,
            refunded=0,
            gateway="simulated",
            created_at=self.at,
        )
        facts: EventData = {
            "payment": payment.id,
            "amount": payment.amount,
            "currency": payment.currency,
        }
        self.rows[Payment].append(payment)
        order.payment_status = PaymentStatus.OPEN
        self.event(EventType.PAYMENT_STARTED, key=f"payment_started:{payment.id}", data=facts)
        self.later(minutes=1)
        payment.gateway_reference, payment.updated_at = f"ch_{rng.getrandbits(64):016x}", self.at
        facts["reference"] = payment.gateway_reference
        if declined:
            payment.state, payment.decline_reason = Payment.State.DECLINED, "The card was declined."
            order.payment_status = PaymentStatus.DECLINED
            event, to, key = EventType.PAYMENT_DECLINED, Status.AWAITING_PAYMENT, f"declined:{payment.id}"
        else:
            payment.state, payment.captured = Payment.State.CAPTURED, payment.amount
            order.payment_status = PaymentStatus.CHARGED
            event, to, key = EventType.PAYMENT_CHARGED, Status.PAID, f"charged:{payment.id}"
        self.event(event, to, actor=Actor.GATEWAY, key=key, data=facts)

    def refunded(self, amount: int, command: Row, *, state: Refund.State = Refund.State.SUCCEEDED) -> None:
        """A refund, partial or full, paid or pending."""
        assert self.payment  # noqa: S101 - only what was charged is refunded
        refund = Row(id=row_id(self.at, self.rng), payment_id=self.payment.id, command_id=command.id, amount=amount)
        refund.idempotency_key = f"refund-{refund.id}"
        refund.state, refund.created_at, refund.updated_at = state, self.at, self.at
        facts: EventData = {"refund": refund.id, "payment": self.payment.id, "amount": amount}
        facts["currency"] = self.order.currency
        self.rows[Refund].append(refund)
        self.event(EventType.REFUND_STARTED, key=f"refund_started:{refund.id}", command=command, data=facts)
        self.later(minutes=2)
        if state == Refund.State.SUCCEEDED:
            refund.gateway_reference, refund.updated_at = f"re_{self.rng.getrandbits(64):016x}", self.at
            self.payment.refunded += amount
            left = self.payment.amount - self.payment.refunded
            self.order.payment_status = PaymentStatus.REFUNDED_IN_PART if left else PaymentStatus.REFUNDED
            key = f"refunded:{refund.id}"
            self.event(EventType.REFUND_SUCCEEDED, actor=Actor.GATEWAY, key=key, command=command, data=facts)

    def booked(self) -> None:
        """A carrier is selected and a label booked."""
        order = self.order
        weight = sum(WEIGHT * item.quantity for item in self.items)
        country = order.shipping_address["country"]
        offer = carrier_for(weight=weight, country=country, service_level=order.service_level)
        assert offer  # noqa: S101 - made-up parcels are light
        self.shipment = shipment = Row(
            id=row_id(self.at, self.rng),
            order_id=order.id,
            attempt=1,
            state=Shipment.State.BOOKED,
            carrier=offer.code,
            service_level=order.service_level,
            tracking_number=f"{offer.code[:2].upper()}{self.rng.randrange(10**11):011d}",
            address=order.shipping_address,
            weight=weight,
            idempotency_key=f"label-{order.id}-1",
            created_at=self.at,
        )
        self.rows[Shipment].append(shipment)
        self.parcel(EventType.CARRIER_SELECTED, None, actor=Actor.SYSTEM, key="carrier", weight=weight)
        self.later(minutes=1)
        self.parcel(EventType.LABEL_BOOKED, None, actor=Actor.CARRIER, key="booked")
        shipment.booked_at, order.waiting_for = self.at, Waiting.HANDOVER

    def parcel(self, kind: EventType, to: Status | None, *, actor: str, key: str, weight: int = 0) -> None:
        assert self.shipment  # noqa: S101 - it was booked before
        facts: EventData = {"shipment": self.shipment.id, "carrier": self.shipment.carrier}
        if weight:
            facts["weight"] = weight
        self.event(kind, to, actor=actor, key=f"{key}:{self.shipment.id}", data=facts)
