"""One soak: orders, commands and faults; then people decide what waits for them; then the checker judges."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from django.db import Error, connection
from django.db.models import Count, Q, Sum
from django.utils import timezone

from orders.commands import CommandState, Kind, accepted_in
from orders.lifecycle import FINAL, RETURN_OPEN, ReturnStage, Status, Waiting
from orders.models import Command, Delivery, Order, PaymentDiscrepancy, Refund, Return, WebhookEvent
from orders.selectors.refunds import failed_refund
from orders.services.payments.reconciliation import SETTLED_AFTER, reconcile
from tests.faults.checker import violations
from tests.faults.machine import Machine
from tests.faults.mailing import SoakMailServer, no_mailbox
from tests.faults.strikes import Strike, strike, strikes
from tests.faults.traffic import Traffic, issue, plans
from tests.faults.webhook_listener import listener
from workflows.connections import drop_dead_connections

ORDERS_A_SECOND = 5
SECONDS_A_FAULT = 7
SAY_EVERY_SECONDS = 10
# How long nothing may come to its end before the soak is judged as it stands.
STANDSTILL_SECONDS = 120
OPEN = (CommandState.PENDING, CommandState.DELIVERED)
UNDER_WAY = (*RETURN_OPEN, ReturnStage.RECEIVED)
# What is refused for good is tried once, and again only where its sender or PostgreSQL was killed meanwhile.
MAX_ATTEMPTS = 5
TO = re.compile(r"^To: (.*)$", re.MULTILINE)
# So many of the shops want to be told by webhooks.
LISTENING = 3


class Soak:
    """A machine and what is done to it."""

    def __init__(self, machine: Machine, mails: SoakMailServer, *, orders: int, faults: int, seed: int) -> None:
        self.machine, self.mails, self.seed = machine, mails, seed
        self.orders, self.faults = orders, faults
        self.struck: Counter[str] = Counter()
        self.traffic = Traffic(machine.url, machine.gateway, machine.temporal.address)
        self.began = self.said = time.monotonic()

    def run(self) -> list[str]:
        """Everything, in order; what does not hold in the end."""
        seconds = max(self.orders / ORDERS_A_SECOND, self.faults * SECONDS_A_FAULT)
        with listener() as webhooks:
            webhooks.listen_for(self.traffic.shops[:LISTENING])
            self.traffic.start(plans(self.seed, self.orders, seconds))
            try:
                self.let_strike(strikes(self.seed, self.faults, seconds))
                self.come_to_rest()
                differences = unreconciled()
                self.come_to_rest()  # each difference is an event, of which shops are told
                found = [*differences, *self.judge(), *webhooks.faults(), *mail_faults(self.mails)]
            finally:
                self.traffic.close()
            self.summarise()
            print(
                f"  shops     told of {len(webhooks.ids)} events, refused {len(webhooks.refused)} at first",
                flush=True,
            )
        return found

    def let_strike(self, faults: list[Strike]) -> None:
        """One fault after the other, each when its time has come."""
        for fault in faults:
            while time.monotonic() < self.began + fault.at:
                self.machine.pause(0.2)
                self.say()
            done = strike(self.machine, fault)
            self.struck[fault.name] += 1
            print(f"{self.elapsed:6.0f} s  {done}", flush=True)
        self.machine.gateway.end_outage()

    def come_to_rest(self) -> None:
        """Until every order is final and every command settled, or nothing goes on any more."""
        left, since = Left(-1, -1, -1, -1, -1), time.monotonic()
        while time.monotonic() - since < STANDSTILL_SECONDS:
            self.machine.pause(1)
            drop_dead_connections()
            self.say()
            if not self.traffic.done:
                since = time.monotonic()
                continue
            if (now := unfinished()) != left:
                left, since = now, time.monotonic()
            if not any(left):
                return
            let_people_decide()

    def judge(self) -> list[str]:
        """What must hold and does not. What Temporal lists may be a moment late."""
        for _ in range(5):
            self.machine.pause(2)
            found = violations(
                ledgers=self.machine.ledgers,
                temporal_address=self.machine.temporal.address,
                accepted=self.traffic.accepted,
                payments=self.machine.gateway.books(),
            )
            if not any(what.startswith("I8") for what in found):
                break
        unknown = self.traffic.acknowledged - {str(pk) for pk in Command.objects.values_list("pk", flat=True)}
        found += [f"I4 command {command} was acknowledged and is not in the database" for command in unknown]
        return found + [fault for interface in self.traffic.interfaces for fault in interface.faults]

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def say(self) -> None:
        """Where it stands, now and then."""
        if time.monotonic() - self.said < SAY_EVERY_SECONDS:
            return
        self.said = time.monotonic()
        drop_dead_connections()
        try:
            final = Order.objects.filter(status__in=FINAL).count()
        except Error:
            connection.close()
            return
        placed = len(self.traffic.accepted)
        print(
            f"{self.elapsed:6.0f} s  {placed} of {self.orders} orders placed, {final} final,"
            f" {self.struck.total()} of {self.faults} faults",
            flush=True,
        )

    def summarise(self) -> None:
        """The figures."""
        answers: Counter[str] = sum((interface.answers for interface in self.traffic.interfaces), Counter())
        refunds = Refund.objects.filter(state=Refund.State.SUCCEEDED).aggregate(times=Count("pk"), sum=Sum("amount"))
        print(
            f"Seed {self.seed}: {self.orders} orders, {self.struck.total()} faults, {self.elapsed:.0f} s,"
            f" {self.machine.gateway.name}"
        )
        print(f"  orders    {_counted(Counter(Order.objects.values_list('status', flat=True)))}")
        print(f"  commands  {_counted(Counter(Command.objects.values_list('state', flat=True)))}")
        print(*(f"    {kind:<16}{states}" for kind, states in commands_by_kind()), sep="\n")
        print(f"  refunds   {refunds['times']}, {(refunds['sum'] or 0) / 100:.2f} in all")
        print(f"  discrepancies  {_counted(Counter(PaymentDiscrepancy.objects.values_list('kind', flat=True)))}")
        print(f"  returns   {_counted(Counter(Return.objects.values_list('state', flat=True)))}")
        print(f"  faults    {_counted(self.struck)}")
        print(f"  restarts  {self.machine.restarts} of workers, gateway and web")
        print(f"  HTTP      {_counted(answers)}")
        print(f"  webhooks  {_counted(Counter(WebhookEvent.objects.values_list('type', flat=True)))}")
        print(f"  typed     {_counted(self.traffic.keyboard.said)}; {typed_commands()}")
        print(f"  mails     taken {len(self.mails.taken)}; {_counted(self.mails.refused)}")
        print(f"  refused by the service {self.traffic.refused}", flush=True)


class Left(NamedTuple):
    """How many of each are not at their end."""

    orders: int
    commands: int
    refunds: int
    returns: int
    deliveries: int


def unfinished() -> Left:
    """What is not at its end: refunds that failed and nobody settled among it."""
    return Left(
        Order.objects.exclude(status__in=FINAL).count(),
        Command.objects.filter(state__in=OPEN).count(),
        Order.objects.filter(needs_attention=True, status=Status.DELIVERED).count(),
        Return.objects.filter(state__in=UNDER_WAY).count(),
        Delivery.objects.filter(state=Delivery.State.PENDING).count(),
    )


def let_people_decide() -> None:
    """End what waits for a person."""
    for order in Order.objects.filter(~Q(status__in=FINAL) | Q(needs_attention=True)):
        kind = decision(order)
        if kind and not order.commands.filter(state__in=OPEN).exists():
            issue(order.pk, kind, reason="The soak ends.")
    for row in Return.objects.filter(state__in=RETURN_OPEN).select_related("order"):
        if not row.order.commands.filter(state__in=OPEN).exists():
            kind = Kind.REFUSE_RETURN if row.state == ReturnStage.REQUESTED else Kind.RECEIVE_RETURN
            issue(row.order_id, kind, reason="The soak ends.", args={"return": str(row.pk)})


def decision(order: Order) -> Kind | None:
    """What somebody does about an order that goes no further by itself."""
    if order.held and Kind.RELEASE in accepted_in(Status(order.status)):
        return Kind.RELEASE
    if order.needs_attention and failed_refund(order):
        return Kind.SETTLE_REFUND
    if order.waiting_for == Waiting.REVIEWER:
        return Kind.APPROVE
    if order.status == Status.SHIPPED:
        return Kind.DELIVER
    if order.status in (Status.SHIPPING_FAILED, Status.AWAITING_PAYMENT) or order.waiting_for == Waiting.NEW_PAYMENT:
        return Kind.CANCEL
    return None


def unreconciled() -> list[str]:
    """What reconciliation makes of our payments and the gateway's, beside disputes, which the double opens."""
    soon, long_ago = timezone.now() + SETTLED_AFTER, timezone.now() - timedelta(days=1)
    rows = [row for row in reconcile(since=long_ago, now=soon) if row.kind != PaymentDiscrepancy.Kind.DISPUTED]
    return [f"I2 order {row.order_id}: reconciliation found {row.kind} of {row.reference}" for row in rows]


def mail_faults(mails: SoakMailServer) -> list[str]:
    """Mails whose outcome is not what the mail server said of them."""
    rows = list(Delivery.objects.filter(channel=Delivery.Channel.MAIL).select_related("order"))
    refused = [row for row in rows if no_mailbox(row.order.customer_email)]
    sent = Counter(row.order.customer_email for row in rows if row.state == Delivery.State.SENT)
    taken = Counter(found[1].strip() for mail in mails.taken if (found := TO.search(mail)))
    return [
        *(f"I9 mail {row.pk} is {row.state}, not failed" for row in refused if row.state != Delivery.State.FAILED),
        *(f"I9 mail {row.pk} was tried {row.attempts} times" for row in refused if row.attempts > MAX_ATTEMPTS),
        *(f"I9 of {many} mails {email} got {taken[email]}" for email, many in sent.items() if taken[email] < many),
    ]


def typed_commands() -> str:
    """How the commands ended that were made of signals typed by hand."""
    return _counted(Counter(Command.objects.filter(actor="temporal").values_list("state", flat=True)))


def commands_by_kind() -> Iterator[tuple[str, str]]:
    """How the commands of each kind ended."""
    rows = Command.objects.order_by("kind").values_list("kind", "state")
    for kind in dict.fromkeys(kind for kind, _ in rows):
        yield kind, _counted(Counter(state for name, state in rows if name == kind))


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in counter.most_common())
