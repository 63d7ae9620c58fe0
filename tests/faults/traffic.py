"""What shops, customers and staff do to a machine under faults: orders and commands, all planned from one seed."""

import random
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import Error, connection

from orders.commands import Kind
from orders.errors import OrderError
from orders.services.commands.issue import issue_command
from orders.services.commands.rows import CommandRequest
from orders.services.staff.api_keys import create_api_key
from tests.faults.books import read
from tests.faults.gateways import SimulatedGateway
from tests.faults.hand_typed import Keyboard, Typed, typed_signals
from tests.faults.interfaces import Interface, Outside, Shop
from workflows.connections import drop_dead_connections

CUSTOMERS = 80
TIMEOUT_SECONDS = 120

TOKENS = {
    "tok_ok": 50,
    "tok_declined": 10,
    "tok_flaky": 10,
    "tok_slow": 8,
    "tok_lost_response": 10,
    "tok_outage": 9,
    "tok_refund_refused": 3,
    "tok_lapsed": 5,
}
LEVELS = {
    "standard": 41,
    "express": 20,
    "sim_refused": 5,
    "sim_slow": 7,
    "sim_lost_response": 7,
    "sim_outage": 4,
    "sim_lost": 4,
    "sim_silent": 6,
    "sim_withdrawn": 3,
    "sim_out_of_stock": 3,
}
KINDS = {
    Kind.CANCEL: 25,
    Kind.UPDATE_ADDRESS: 25,
    Kind.CANCEL_PAYMENT: 15,
    Kind.RETRY_PAYMENT: 10,
    Kind.RETRY_SHIPPING: 5,
    Kind.APPROVE: 12,
    Kind.REJECT: 4,
    Kind.RETRY_REFUND: 4,
    Kind.HOLD: 10,
    Kind.REFUND: 12,
    Kind.SETTLE_PAYMENT: 6,
    Kind.RETRY_STEP: 5,
}
# What people do where a token or a service level leaves an order in need of somebody.
FOLLOW_UPS: dict[str, list[list[Kind]]] = {
    "tok_declined": [[], [Kind.RETRY_PAYMENT], [Kind.RETRY_PAYMENT, Kind.RETRY_PAYMENT], [Kind.CANCEL]],
    "tok_lapsed": [[], [Kind.RETRY_PAYMENT], [Kind.CANCEL]],
    "tok_refund_refused": [[Kind.CANCEL], [Kind.CANCEL_PAYMENT, Kind.RETRY_REFUND], [Kind.CANCEL, Kind.RETRY_REFUND]],
    "sim_silent": [
        [],
        [Kind.DELIVER],
        [Kind.FAIL_DELIVERY],
        [Kind.DELIVER, Kind.FAIL_DELIVERY],
        [Kind.FAIL_DELIVERY, Kind.DELIVER],
    ],
    "sim_lost": [[], [Kind.RETRY_SHIPPING], [Kind.RETRY_SHIPPING, Kind.CANCEL]],
    "sim_refused": [[], [Kind.RETRY_SHIPPING], [Kind.RETRY_SHIPPING, Kind.CANCEL], [Kind.CANCEL]],
    "sim_withdrawn": [[], [Kind.RETRY_SHIPPING], [Kind.RETRY_SHIPPING, Kind.CANCEL], [Kind.CANCEL]],
    "sim_out_of_stock": [[], [Kind.RETRY_SHIPPING], [Kind.RETRY_SHIPPING, Kind.CANCEL], [Kind.CANCEL]],
}
# What a carrier or the gateway says by a webhook, of which it is known from their own books.
WEBHOOKS = {
    Kind.DELIVER: "parcel.delivered",
    Kind.FAIL_DELIVERY: "parcel.failed",
    Kind.SETTLE_PAYMENT: "payment.updated",
}
# What is wanted only once the order has come a good way.
LATE = {
    Kind.REFUND,
    Kind.RETRY_PAYMENT,
    Kind.RETRY_SHIPPING,
    Kind.RETRY_REFUND,
    Kind.DELIVER,
    Kind.FAIL_DELIVERY,
    Kind.REQUEST_RETURN,
    Kind.APPROVE_RETURN,
    Kind.REFUSE_RETURN,
    Kind.RECEIVE_RETURN,
}
# How many of the orders somebody wants to send back.
RETURNED = 0.2
COUNTRIES = {"US": 97, "AQ": 3}


@dataclass(frozen=True)
class PlannedCommand:
    """A command, so many seconds after the last thing that was done to its order."""

    after: float
    kind: Kind
    args: dict[str, Any]
    id: UUID
    over_http: bool
    twice: bool


@dataclass(frozen=True)
class Plan:
    """An order and what is done to it; `at`: seconds from the start."""

    number: int
    at: float
    body: dict[str, Any]
    key: str
    twice: bool
    planned: list[PlannedCommand] = field(default_factory=list)
    typed: list[Typed] = field(default_factory=list)


def plans(seed: int, orders: int, seconds: float) -> list[Plan]:
    """So many orders within so many seconds."""
    chance = random.Random(f"{seed}:times")
    times = sorted(chance.uniform(0, seconds) for _ in range(orders))
    return [_plan(random.Random(f"{seed}:order:{number}"), seed, number, at) for number, at in enumerate(times)]


def _plan(chance: random.Random, seed: int, number: int, at: float) -> Plan:
    country = _one(chance, COUNTRIES)
    body = {
        "customer_name": "John Doe",
        "customer_email": f"customer{number}@example.com",
        "items": [{"sku": f"SKU{chance.randrange(20)}", "qty": chance.randint(1, 3), "price": 9.99}],
        "shipping_address": {"street": f"{number} Main St", "city": "Anytown", "country": country},
        "payment_method": _one(chance, TOKENS),
        "service_level": _one(chance, LEVELS),
    }
    kinds = [_one(chance, KINDS) for _ in range(chance.choice((0, 0, 1, 1, 2, 3)))]
    kinds += [Kind.RELEASE] * (Kind.HOLD in kinds and chance.random() < 0.8)
    follow = FOLLOW_UPS.get(body["payment_method"]) or FOLLOW_UPS.get(body["service_level"]) or [[]]
    planned = [_planned_command(chance, number, kind) for kind in (*kinds, *chance.choice(follow))]
    if chance.random() < RETURNED:
        planned += _return(chance, number)
    twice, typed = chance.random() < 0.1, typed_signals(chance)
    return Plan(number, at, body, f"soak-{seed}-{number}", twice=twice, planned=planned, typed=typed)


def _return(chance: random.Random, number: int) -> list[PlannedCommand]:
    """Somebody sends a piece back; staff decide, and the parcel comes, or not."""
    asked = _planned_command(chance, number, Kind.REQUEST_RETURN)
    asked = replace(asked, args={"items": [{"position": 1, "quantity": 1}], "cause": "damaged"})
    kinds = chance.choice(([], [Kind.REFUSE_RETURN], [Kind.APPROVE_RETURN], [Kind.APPROVE_RETURN, Kind.RECEIVE_RETURN]))
    decided = [_planned_command(chance, number, kind) for kind in kinds]
    return [asked, *(replace(sent, args={"return": str(asked.id)}) for sent in decided)]


def _planned_command(chance: random.Random, number: int, kind: Kind) -> PlannedCommand:
    args: dict[str, Any] = {}
    if kind is Kind.UPDATE_ADDRESS:
        args = {"address": {"street": f"{number} Elm St", "city": "Springfield", "country": "US"}}
    if kind is Kind.REFUND:
        args = chance.choice(({}, {"amount": 100}, {"amount": 500}))
    if kind is Kind.RETRY_PAYMENT:
        args = {"payment_method": _one(chance, TOKENS)}
    return PlannedCommand(
        after=chance.uniform(3, 9) if kind in LATE else chance.uniform(0, 3),
        kind=kind,
        args=args,
        id=UUID(int=chance.getrandbits(128), version=4),
        over_http=chance.random() < 0.7,
        twice=chance.random() < 0.2,
    )


def _one(chance: random.Random, weights: dict[Any, int]) -> Any:
    return chance.choices(list(weights), list(weights.values()))[0]


class Traffic:
    """Carries the plans out on threads of its own, and remembers what was promised."""

    def __init__(self, url: str, gateway: SimulatedGateway, temporal_address: str) -> None:
        keys = [create_api_key(f"soak shop {number}") for number in range(10)]
        self.shops = [Shop(url, key) for key in keys]
        self.outside = Outside(url)
        self.keyboard = Keyboard(temporal_address)
        self._gateway = gateway
        self.accepted: list[str] = []
        self.acknowledged: set[str] = set()
        self.refused = 0
        self.running: list[Future[None]] = []
        self._pool = ThreadPoolExecutor(CUSTOMERS, thread_name_prefix="customer")

    def start(self, planned: list[Plan]) -> None:
        """Let customers come, each with an order, when its time has come."""
        begin = time.monotonic()
        self.running = [self._pool.submit(self._carry_out, plan, begin) for plan in planned]

    @property
    def interfaces(self) -> list[Interface]:
        """Everybody who spoke HTTP to us."""
        return [*self.shops, self.outside]

    @property
    def done(self) -> bool:
        """Whether every customer went home; what went wrong for one is raised here."""
        for each in self.running:
            if each.done():
                each.result()
        return all(each.done() for each in self.running)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _carry_out(self, plan: Plan, begin: float) -> None:
        time.sleep(max(0, begin + plan.at - time.monotonic()))
        shop = self.shops[plan.number % len(self.shops)]
        order = shop.place(self._paid_with(plan.body), plan.key, times=1 + plan.twice)
        self.accepted.append(order)
        for typed in plan.typed:
            time.sleep(typed.after)
            self.keyboard.type(order, typed)
        for sent in plan.planned:
            time.sleep(sent.after)
            if sent.over_http and sent.kind in WEBHOOKS and self._tell(order, sent):
                continue
            for _ in range(1 + sent.twice):
                self._issue(shop, order, sent)
        connection.close()

    def _tell(self, order: str, sent: PlannedCommand) -> bool:
        """Let the carrier or the gateway say it; False where they know nothing of the order yet."""
        is_payment = sent.kind is Kind.SETTLE_PAYMENT
        if is_payment and self._gateway.sends_webhooks(random.Random(str(sent.id))):
            return True
        books = self._gateway.books() if is_payment else read(self._gateway.ledgers / "carrier.jsonl")
        book = books.get(order, [])
        entry = next((entry for entry in reversed(book) if entry["kind"] in ("capture", "label")), None)
        if entry is None:
            return False
        data = {"idempotency_key": entry["key"]} if is_payment else {"tracking_number": entry["tracking_number"]}
        sender = "payments/simulated_http" if is_payment else f"carriers/{entry['carrier']}"
        self.acknowledged |= self.outside.tell(
            sender,
            WEBHOOKS[sent.kind],
            data,
            event_id=str(sent.id),
            times=1 + sent.twice,
        )
        return True

    def _paid_with(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The same, with what the gateway has for the planned token, and with what befalls it."""
        if token := fields.get("payment_method"):
            self._gateway.befall(token)
            return {**fields, "payment_method": self._gateway.method(token)}
        return fields

    def _issue(self, shop: Shop, order: str, sent: PlannedCommand) -> None:
        args = self._paid_with(sent.args)
        if sent.over_http and shop.can(sent.kind):
            self.acknowledged.add(shop.command(order, sent.kind, args, key=str(sent.id)))
            return
        try:
            self.acknowledged.add(
                issue(
                    UUID(order),
                    sent.kind,
                    id=sent.id,
                    args=args,
                    reason="A soak.",
                )
            )
        except OrderError:
            self.refused += 1


def issue(order: UUID, kind: Kind, **fields: Any) -> str:
    """A command by a member of staff, tried until the database takes it; its id."""
    until = time.monotonic() + TIMEOUT_SECONDS
    while True:
        drop_dead_connections()
        try:
            return str(issue_command(order, CommandRequest(kind=kind, actor="staff:1", **fields)).pk)
        except Error:
            connection.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
