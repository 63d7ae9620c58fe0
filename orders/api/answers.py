"""Builds the API's answers from rows."""

from orders.actors import Actor
from orders.api.results import (
    CommandOut,
    ItemOut,
    Money,
    OrderOut,
    OrderSummary,
    ParcelItem,
    PaymentOut,
    PlacedOut,
    RefundOut,
    ReturnItemOut,
    ReturnOut,
    ShipmentItemOut,
    ShipmentOut,
    ToFulfil,
)
from orders.commands import CommandState, order_workflow_id
from orders.lifecycle import ReturnStage
from orders.models import Approval, Command, Order, Payment, Return
from orders.selectors.commands import open_kinds
from orders.selectors.eligibility import accepted_by
from orders.selectors.shipments import contents_of
from orders.services.customers.access import payment_url, tracking_url

# The state of a request that becomes a command once it is approved.
AWAITING_APPROVAL = "awaiting_approval"


def placed(order: Order) -> PlacedOut:
    return PlacedOut(
        order_id=order.pk,
        code=order.code,
        reference=order.reference,
        workflow_id=order_workflow_id(order.pk),
        status=order.status,
        total=Money.of(order.total, order.currency),
        tracking_url=tracking_url(order),
        payment_url=payment_url(order),
    )


def accepts(order: Order) -> list[str]:
    """The kinds of command that the order accepts from a shop now."""
    return [kind.value for kind in accepted_by(order, Actor.CLIENT, open_kinds=open_kinds(order))]


def order_in_full(order: Order) -> OrderOut:
    currency = order.currency
    return OrderOut(
        **dict(placed(order)),
        waiting_for=order.waiting_for,
        deadline=order.deadline,
        held=order.held,
        needs_attention=order.needs_attention,
        invalid_reasons=order.invalid_reasons,
        accepts=accepts(order),
        customer_name=order.customer_name,
        customer_email=order.customer_email,
        shipping_address=order.shipping_address,
        service_level=order.service_level,
        items=[
            ItemOut(
                position=item.position,
                sku=item.sku,
                name=item.name,
                qty=item.quantity,
                price=Money.of(item.unit_price, currency),
                weight=item.weight,
            )
            for item in order.items.all()
        ],
        subtotal=Money.of(order.subtotal, currency),
        shipping=Money.of(order.shipping, currency),
        tax=Money.of(order.tax, currency),
        discount=Money.of(order.discount, currency),
        payments=[_payment(payment) for payment in order.payments.all()],
        shipments=_shipments(order),
        returns=[_return(row, currency) for row in order.returns.all()],
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


def to_fulfil(order: Order) -> ToFulfil:
    return ToFulfil(
        order_id=order.pk,
        code=order.code,
        status=order.status,
        waiting_for=order.waiting_for,
        customer_name=order.customer_name,
        shipping_address=order.shipping_address,
        service_level=order.service_level,
        items=[
            ParcelItem(sku=item.sku, name=item.name, qty=item.quantity, weight=item.weight)
            for item in order.items.all()
        ],
        shipments=_shipments(order),
        created_at=order.created_at,
    )


def summary(order: Order) -> OrderSummary:
    return OrderSummary(
        order_id=order.pk,
        code=order.code,
        reference=order.reference,
        status=order.status,
        waiting_for=order.waiting_for,
        deadline=order.deadline,
        held=order.held,
        needs_attention=order.needs_attention,
        customer_name=order.customer_name,
        customer_email=order.customer_email,
        total=Money.of(order.total, order.currency),
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


def _shipments(order: Order) -> list[ShipmentOut]:
    contents = contents_of(order)
    return [
        ShipmentOut(
            id=shipment.pk,
            number=shipment.number,
            state=shipment.state,
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            address=shipment.address,
            items=[
                ShipmentItemOut(position=item.position, sku=item.sku, qty=quantity)
                for item, quantity in contents.get(shipment.pk, [])
            ],
            booked_at=shipment.booked_at,
        )
        for shipment in order.shipments.all()
    ]


def _payment(payment: Payment) -> PaymentOut:
    return PaymentOut(
        id=payment.id,
        state=payment.state,
        amount=Money.of(payment.amount, payment.currency),
        authorised=Money.of(payment.authorised, payment.currency),
        authorised_until=payment.authorised_until if payment.authorised else None,
        captured=Money.of(payment.captured, payment.currency),
        refunded=Money.of(payment.refunded, payment.currency),
        voided=Money.of(payment.voided, payment.currency),
        left=Money.of(payment.remaining, payment.currency),
        decline_reason=payment.decline_reason,
        refunds=[
            RefundOut(
                id=refund.id,
                state=refund.state,
                amount=Money.of(refund.amount, payment.currency),
                created_at=refund.created_at,
            )
            for refund in payment.refunds.all()
        ],
    )


def _return(row: Return, currency: str) -> ReturnOut:
    refusal = row.decision if row.state == ReturnStage.REFUSED else None
    return ReturnOut(
        id=row.pk,
        number=row.number,
        state=row.state,
        cause=row.cause,
        reason=row.request.reason,
        answer=refusal.reason if refusal else "",
        items=[
            ReturnItemOut(position=piece.item.position, sku=piece.item.sku, qty=piece.quantity, received=piece.received)
            for piece in row.items.all()
        ],
        amount=None if row.amount is None else Money.of(row.amount, currency),
        deadline=row.deadline,
        created_at=row.created_at,
        decided_at=row.decided_at,
        received_at=row.received_at,
        closed_at=row.closed_at,
    )


def command(row: Command) -> CommandOut:
    return CommandOut(
        command_id=row.pk,
        order_id=row.order_id,
        kind=row.kind,
        state=row.state,
        outcome=row.outcome,
        actor=row.actor,
        reason=row.reason,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )


def approval(row: Approval) -> CommandOut:
    """An approval request in the form of the command that it becomes if approved."""
    is_refused = row.state == Approval.State.REFUSED
    return CommandOut(
        command_id=row.pk,
        order_id=row.order_id,
        kind=row.kind,
        state=CommandState.REJECTED.value if is_refused else AWAITING_APPROVAL,
        outcome=f"Approval was refused: {row.answer}" if is_refused else "",
        actor=row.actor,
        reason=row.reason,
        created_at=row.created_at,
        settled_at=row.decided_at,
    )
