"""Refunds above the approval limit: requested by one person or client, approved or refused by a second person."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from orders import ids
from orders.actors import Actor, parse_actor
from orders.commands import Kind
from orders.errors import (
    AlreadyDecided,
    ApprovalNotFound,
    CommandIdTaken,
    CommandRefused,
    OwnRequest,
    TooManyOpenCommands,
)
from orders.lifecycle import EventType
from orders.models import Approval, Command, Order
from orders.selectors.approvals import is_above_limit, not_the_second_person, waiting_approvals
from orders.selectors.eligibility import refusal
from orders.selectors.refunds import amount_to_refund
from orders.selectors.timeline import names_of
from orders.services.commands.issue import MAX_OPEN_COMMANDS, issue_command
from orders.services.commands.rows import MAX_REASON, CommandRequest
from orders.services.state.transition import Data, record
from orders.services.state.unit_of_work import locked_order


def issue_or_ask(order_id: UUID, request: CommandRequest) -> Command | Approval:
    """Issue a command; a refund above the approval limit waits for a second person instead.

    Called again with the same id, it returns what was written first. A refund that the order does not accept is issued
    like any other command, and rejected with its reason.

    Raises:
        OrderNotFound: no order has this id.
        CommandIdTaken: the id belongs to another order or kind.
        TooManyOpenCommands: an API client has too many unsettled commands.
    """
    if request.kind is not Kind.REFUND:
        return issue_command(order_id, request)
    with locked_order(order_id) as order:
        if request.id and (known := Approval.objects.filter(pk=request.id).first()):
            return _same(known, order)
        if request.id and Command.objects.filter(pk=request.id).exists():
            return issue_command(order_id, request)
        amount = _amount_for_two(order, request)
        return issue_command(order_id, request) if amount is None else _ask(order, request, amount)


def agree(approval_id: UUID, *, person: AbstractBaseUser) -> Command:
    """Issue the requested command, under the id of the request and with the requester as its actor.

    Raises:
        ApprovalNotFound: there is no such request.
        AlreadyDecided: somebody else decided first.
        OwnRequest: this person requested it, or issued a key of the client that did.
        CommandRefused: the order no longer accepts this refund; the request stays open, to be refused.
    """
    with _undecided(approval_id, person) as (order, approval):
        if reason := refusal_to(approval):
            raise CommandRefused(reason)
        _decide(approval, Approval.State.APPROVED, person)
        request = CommandRequest(
            kind=Kind.REFUND, actor=approval.actor, reason=approval.reason, args=approval.args, id=approval.pk
        )
        approval.command = issue_command(order.pk, request)
        order.refresh_from_db()
        approval.save_changes()
        _record(order, approval, EventType.APPROVAL_GRANTED, actor=Actor.STAFF.named(person.pk))
        return approval.command


def refuse(approval_id: UUID, *, person: AbstractBaseUser, reason: str) -> Approval:
    """Refuse the request; no command is issued.

    Raises:
        ApprovalNotFound, AlreadyDecided, OwnRequest: as above.
    """
    with _undecided(approval_id, person) as (order, approval):
        _decide(approval, Approval.State.REFUSED, person)
        approval.answer = reason[:MAX_REASON]
        approval.save_changes()
        _record(order, approval, EventType.APPROVAL_REFUSED, actor=Actor.STAFF.named(person.pk))
        return approval


def refusal_to(approval: Approval) -> str:
    """Why the order does not accept the requested refund now; empty if it does."""
    return refusal(approval.order, Kind.REFUND, approval.args, actor=approval.actor)


def _amount_for_two(order: Order, request: CommandRequest) -> int | None:
    """The amount to refund, in minor units, if the order accepts it and it needs approval."""
    args = request.args or {}
    if refusal(order, Kind.REFUND, args, actor=request.actor):
        return None
    amount = amount_to_refund(order, args)
    return amount if is_above_limit(order, amount) else None


def _ask(order: Order, request: CommandRequest, amount: int) -> Approval:
    kind, key = parse_actor(request.actor)
    if kind == Actor.CLIENT and len(waiting_approvals(order.pk)) >= MAX_OPEN_COMMANDS:
        raise TooManyOpenCommands(f"{MAX_OPEN_COMMANDS} refunds of the order are already awaiting approval.")
    approval = Approval.objects.create(
        id=request.id or ids.uuid7(),
        order=order,
        kind=request.kind,
        args={"amount": amount},
        reason=request.reason[:MAX_REASON],
        actor=request.actor,
        requested_by_id=int(key) if kind == Actor.STAFF else None,
    )
    _record(order, approval, EventType.APPROVAL_REQUESTED, actor=request.actor)
    return approval


def _same(known: Approval, order: Order) -> Command | Approval:
    if known.order_id != order.pk:
        raise CommandIdTaken(f"The id {known.pk} belongs to another order.")
    return known.command or known


@contextmanager
def _undecided(approval_id: UUID, person: AbstractBaseUser) -> Iterator[tuple[Order, Approval]]:
    """The request and its order, both locked, if this person may decide."""
    asked = Approval.objects.filter(pk=approval_id).first()
    if asked is None:
        raise ApprovalNotFound(f"There is no approval request with the id {approval_id}.")
    with locked_order(asked.order_id) as order:
        approval = Approval.objects.select_related("order").get(pk=approval_id)
        if approval.state != Approval.State.REQUESTED:
            raise AlreadyDecided(_first(approval))
        if reason := not_the_second_person(approval, person.pk):
            raise OwnRequest(reason)
        yield order, approval


def _first(approval: Approval) -> str:
    actor = Actor.STAFF.named(approval.decided_by_id)
    did = "approved this" if approval.state == Approval.State.APPROVED else "refused this"
    return f"{names_of([actor])[actor]} already {did} at {approval.decided_at:%H:%M:%S %Z}."


def _decide(approval: Approval, state: Approval.State, person: AbstractBaseUser) -> None:
    approval.state = state
    approval.decided_by_id = person.pk
    approval.decided_at = timezone.now()


def _record(order: Order, approval: Approval, event: EventType, *, actor: str) -> None:
    data: Data = {"approval": str(approval.pk), "amount": approval.amount, "currency": order.currency}
    record(order, event, actor=actor, key=f"{event}:{approval.pk}", data=data, command=approval.command)
