"""Makes batches of orders, ready for COPY. It uses no database, because it runs in other processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from django.db.models import Model

from orders import ids
from orders.actors import Actor
from orders.commands import Kind
from orders.lifecycle import EventType, Status
from orders.models import Command, Event, Order, OrderItem, Payment, Refund, Shipment
from orders.search_text import search_text
from orders.services.seeding import vocabulary
from orders.services.seeding.history import History
from orders.services.seeding.rows import Row, Table, row_id
from orders.services.seeding.stories import ENDINGS, UNDER_WAY, OpenStory

# In the order in which they must be written: the trigger on refunds reads the payment.
TABLES = {model: Table(model) for model in (Order, OrderItem, Command, Payment, Refund, Shipment, Event)}
# Of the newest orders (one in thirty of all) a third is still open: one order in a hundred.
RECENT = 1 / 30
STILL_OPEN = 0.3
# The shares of open orders that are held, and that need attention.
HELD = 0.05
# Statuses in which an order can be held; see `orders/commands.py`.
HOLDABLE = (Status.IN_REVIEW, Status.CHARGING, Status.AWAITING_PAYMENT, Status.PAID, Status.PICKING)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`count` orders, placed evenly within `days` before `now` by `clients` (id and name).

    `mark` begins every reference, so that those of two runs differ.
    """

    count: int
    days: float
    now: datetime
    seed: int
    mark: str
    clients: tuple[tuple[UUID, str], ...]

    def moment(self, number: int) -> datetime:
        """When the order with this number was placed; the last one a minute ago."""
        return self.now - timedelta(minutes=1) - timedelta(days=self.days) * (1 - (number + 1) / self.count)


@dataclass(frozen=True)
class Batch:
    """The orders from number `start` up to `stop`, ready for COPY.

    For each table its name, its columns and the lines for COPY.
    """

    start: int
    stop: int
    tables: tuple[tuple[str, tuple[str, ...], bytes], ...]


def reference(mark: str, number: int) -> str:
    """The shop's reference of a made-up order."""
    return f"{mark}-{number:07d}"


def make(plan: Plan, start: int, stop: int) -> Batch:
    """The orders from number `start` up to `stop`."""
    rng = Random(f"{plan.seed} {start}")  # noqa: S311 - chance that imitates the world
    rows: dict[type[Model], list[Row]] = {model: [] for model in TABLES}
    for number in range(start, stop):
        for model, more in _told(plan, number, rng).rows.items():
            rows[model].extend(more)
    lines = [(table, table.lines(rows[model])) for model, table in TABLES.items()]
    return Batch(start, stop, tuple((table.name, table.columns, text) for table, text in lines))


def _told(plan: Plan, number: int, rng: Random) -> History:
    moment = plan.moment(number)
    name, email = vocabulary.customer(rng)
    address, currency = vocabulary.place(rng)
    client_id, client = rng.choice(plan.clients)
    order = Row(
        id=row_id(moment, rng),
        code=ids.order_code(),
        access_nonce=ids.access_nonce(),
        client_id=str(client_id),
        client=client,
        reference=reference(plan.mark, number),
        customer_name=name,
        customer_email=email,
        shipping_address=address.as_json(),
        made_up=True,
        service_level="express" if rng.random() < 0.1 else "standard",
        fulfilment="manual" if rng.random() < 0.05 else "simulated",
        currency=currency,
        payment_method="tok_ok",
        status=Status.RECEIVED.value,
        needs_attention=False,
        event_seq=0,
        event_hash="",
        command_seq=0,
    )
    told = History(rng, order, moment, plan.now)
    _tell(told, _open_story(plan, number, rng))
    numbers = [shipment.tracking_number for shipment in told.rows[Shipment]]
    order.search_text = search_text(order, told.items, numbers)
    return told


def _open_story(plan: Plan, number: int, rng: Random) -> OpenStory | None:
    """How far an open order has come. The newest few include one in each open state."""
    newest = plan.count - number - 1
    if newest < min(len(UNDER_WAY), plan.count // 20):
        return list(UNDER_WAY)[newest]
    if newest < plan.count * RECENT and rng.random() < STILL_OPEN:
        return rng.choices(list(UNDER_WAY), list(UNDER_WAY.values()))[0]
    return None


def _tell(told: History, is_open: OpenStory | None) -> None:
    rng = told.rng
    if is_open is None:
        ending = rng.choices(list(ENDINGS), list(ENDINGS.values()))[0]
        ending(told)
        return
    is_open(told, parked=True)
    if told.order.status in HOLDABLE and rng.random() < HELD:
        _hold(told)


def _hold(told: History) -> None:
    command = told.command(
        Kind.HOLD, actor=Actor.OPERATOR, reason="The address looks wrong.", outcome="The order is held."
    )
    told.order.held, told.order.held_reason = True, command.reason
    if told.order.status == Status.IN_REVIEW:
        told.order.deadline, told.order.review_seconds_left = None, 3600.0
    told.event(EventType.ORDER_HELD, actor=Actor.OPERATOR, key=f"held:{command.id}", command=command)
