"""Bulk runs: a plan, its confirmation, then the commands in batches."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import ids
from orders.commands import Kind
from orders.errors import BulkRunNotFound, CommandRefused, NotYourRun, OrderMoved, TooManyOrders
from orders.models import BulkItem, BulkRun, Command, Order
from orders.selectors.bulk import MAX_ORDERS, Chosen
from orders.selectors.eligibility import refusal_at_once
from orders.services.commands.rows import MAX_REASON, CommandRequest, next_command, reject

# Orders that are locked at once, for some tens of milliseconds.
BATCH = 100
# After this, a draft that was not confirmed is deleted.
DRAFT_RETENTION = timedelta(days=1)


def draft_run(chosen: Sequence[Chosen], kind: Kind, *, author_id: int) -> BulkRun:
    """Record which command each order would get, as the orders are now; nothing is issued yet.

    Raises:
        TooManyOrders: there are more than `MAX_ORDERS`.
    """
    if len(chosen) > MAX_ORDERS:
        raise TooManyOrders(f"A bulk run can include at most {MAX_ORDERS} orders.")
    # Orders left out come last: the positions of the others tell how far a run has come.
    planned_first = sorted(chosen, key=lambda order: bool(order.refusal))
    with transaction.atomic():
        run = BulkRun.objects.create(
            kind=kind,
            author_id=author_id,
            selected=len(chosen),
            planned=sum(not order.refusal for order in chosen),
            created_at=timezone.now(),
        )
        items = (_item(run, position, order) for position, order in enumerate(planned_first))
        BulkItem.objects.bulk_create(items, batch_size=1000)
    return run


def confirm_run(run_id: UUID, *, person_id: int, reason: str) -> BulkRun:
    """Confirm one's own draft, with one reason for all orders. Confirming again changes nothing.

    Raises:
        BulkRunNotFound: there is no such run.
        NotYourRun: somebody else drafted it.
    """
    with transaction.atomic():
        run = _locked(run_id)
        if run.author_id != person_id:
            raise NotYourRun("Someone else selected these orders. Make your own selection.")
        if run.is_draft:
            run.reason, run.confirmed_at = reason[:MAX_REASON], timezone.now()
            run.save_changes()
        return run


def issue_run(run_id: UUID, *, actor: str) -> None:
    """Issue those commands of a confirmed run that have not been issued yet.

    Each batch is a transaction of its own. Concurrent calls take turns, and each command is issued once.

    Raises:
        BulkRunNotFound: there is no such run.
    """
    while _issue_batch(run_id, actor):
        pass


def sweep() -> None:
    """Delete old drafts that were not confirmed."""
    BulkRun.objects.filter(confirmed_at=None, created_at__lt=timezone.now() - DRAFT_RETENTION).delete()


def _issue_batch(run_id: UUID, actor: str) -> bool:
    """Issue the next batch; False if there was nothing left to issue."""
    with transaction.atomic():
        run = _locked(run_id)
        if run.is_draft or run.is_issued:
            return False
        ahead = run.items.filter(refusal="", position__gte=run.issued, position__lt=run.issued + BATCH)
        items = {item.order_id: item for item in ahead}
        # Several orders are always locked in this order, which prevents deadlocks.
        orders = list(Order.objects.select_for_update().filter(pk__in=items).order_by("pk"))
        run.rejected += _issue(run, orders, items, actor)
        run.issued += len(items)
        run.save_changes()
        return True


def _issue(run: BulkRun, orders: Sequence[Order], items: dict[UUID, BulkItem], actor: str) -> int:
    """Issue a command for each of these locked orders, in as many statements as for one; returns how many were
    rejected.
    """
    kind = Kind(run.kind)
    commands = [
        next_command(order, CommandRequest(kind=kind, actor=actor, reason=run.reason, id=items[order.pk].command_id))
        for order in orders
    ]
    Order.objects.filter(pk__in=items).update(command_seq=F("command_seq") + 1)
    Command.objects.bulk_create(commands)
    return sum(_is_refused(command.order, command, items[command.order_id]) for command in commands)


def _is_refused(order: Order, command: Command, item: BulkItem) -> bool:
    if why := refusal_at_once(order, command):
        reject(order, command, CommandRefused(why))
    elif order.event_seq != item.expected_version:
        reject(order, command, OrderMoved("The order has changed since you selected it."))
    return command.is_settled


def _item(run: BulkRun, position: int, order: Chosen) -> BulkItem:
    command_id = None if order.refusal else ids.uuid7()
    return BulkItem(
        run=run,
        position=position,
        order_id=order.order_id,
        expected_version=order.expected_version,
        refusal=order.refusal,
        command_id=command_id,
    )


def _locked(run_id: UUID) -> BulkRun:
    run = BulkRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        raise BulkRunNotFound(f"There is no bulk run {run_id}.")
    return run
