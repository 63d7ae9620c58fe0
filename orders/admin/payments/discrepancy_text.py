"""Payment discrepancies in the words of finance staff: what differs, what that means, and what to do about it."""

from dataclasses import dataclass

from orders.admin.durations import in_local_time
from orders.models import PaymentDiscrepancy
from orders.money import in_words
from orders.payment_methods import BANK_TRANSFER
from orders.selectors.timeline import name_of

Kind = PaymentDiscrepancy.Kind
State = PaymentDiscrepancy.State


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """`difference` is a sentence with the amounts `{expected}`, `{found}` and `{surplus}`; the rest is plain text."""

    difference: str
    meaning: str
    remedy: str


# Where both amounts come from, by kind: ours first.
SIDES: dict[Kind, tuple[str, str]] = {Kind.OVERPAID: ("Due", "Received")}
EXPLANATIONS: dict[Kind, Explanation] = {
    Kind.UNKNOWN_CHARGE: Explanation(
        difference="The gateway lists a charge of {found} that no payment here belongs to.",
        meaning="Somebody may have been charged for nothing, or another system uses the same gateway account.",
        remedy="Look the charge up at the gateway. If it is not yours, refund it there.",
    ),
    Kind.CHARGE_NOT_RECORDED: Explanation(
        difference="The gateway captured {found}; here the payment is recorded as not made.",
        meaning="The customer was charged, although the order may be unpaid, cancelled, or paid a second time.",
        remedy="Look the payment up at the gateway, and refund there what the customer does not owe.",
    ),
    Kind.CAPTURE_MISSING: Explanation(
        difference="Here {expected} is recorded as captured; the gateway has no such capture.",
        meaning="The order may have been delivered unpaid.",
        remedy="Look the payment up at the gateway. If nothing was captured, ask the customer for payment.",
    ),
    Kind.AMOUNT_DIFFERS: Explanation(
        difference="Here {expected} is recorded as captured; the gateway captured {found}.",
        meaning="The customer paid more or less than this payment says.",
        remedy="Compare both with the order's total. Refund what was captured in excess at the gateway, or ask the "
        "customer for what is missing.",
    ),
    Kind.REFUND_MADE_ELSEWHERE: Explanation(
        difference="The gateway refunded {found}; of that, {expected} was refunded from here.",
        meaning="Somebody refunded the rest in the gateway's own dashboard.",
        remedy="The rest is recorded as a refund of the order. Check with whoever made it that it was intended.",
    ),
    Kind.REFUND_MISSING: Explanation(
        difference="Here {expected} is recorded as refunded; the gateway refunded {found}.",
        meaning="The customer may still wait for the money.",
        remedy="Look the refund up at the gateway. If it was not made, make it there.",
    ),
    Kind.DISPUTED: Explanation(
        difference="The customer disputes this payment. The gateway captured {found}.",
        meaning="If the dispute is not answered in time, the customer gets the money back.",
        remedy="Answer the dispute at the gateway before its deadline. Do not refund the payment while it is disputed.",
    ),
    Kind.OUTCOME_NOT_RECORDED: Explanation(
        difference="The gateway knows the outcome of this payment, of which it captured {found}; here it is pending.",
        meaning="The gateway's answer was lost. The order waits for it.",
        remedy="If the payment is still pending, choose “Check payment status” on the order's page.",
    ),
    Kind.OVERPAID: Explanation(
        difference="{expected} was due; {found} was received by bank transfer. That is {surplus} too much.",
        meaning="The order is paid. What was received beyond that belongs to the customer.",
        remedy="Pay the surplus back by bank, and mark this as resolved.",
    ),
}


# A payment of a customer that the order did not need, and that the gateway did not give back.
NOT_RETURNED = Explanation(
    difference="The customer paid {found} on a payment page. The order did not need it, and it could not be returned.",
    meaning="The customer is charged for nothing until the money goes back.",
    remedy="Refund the payment at the gateway, or pay the customer back by bank, and mark this as resolved.",
)


def explanation_of(row: PaymentDiscrepancy) -> Explanation:
    """The texts for this discrepancy, with its amounts."""
    is_not_returned = row.kind == Kind.UNKNOWN_CHARGE and row.order_id is not None
    texts = NOT_RETURNED if is_not_returned else EXPLANATIONS[Kind(row.kind)]
    surplus = in_words(row.found - row.expected, row.currency)
    return Explanation(
        difference=texts.difference.format(expected=row.expected_in_words, found=row.found_in_words, surplus=surplus),
        meaning=texts.meaning,
        remedy=texts.remedy,
    )


def gateway_of(row: PaymentDiscrepancy) -> str:
    return "Bank transfer" if row.gateway == BANK_TRANSFER else row.gateway


def sides_of(row: PaymentDiscrepancy) -> tuple[str, str]:
    """What its two amounts are, as headings."""
    return SIDES.get(Kind(row.kind), ("Here", "At the gateway"))


def amounts_of(row: PaymentDiscrepancy) -> str:
    """Both amounts in a sentence."""
    ours, theirs = (side.lower() for side in sides_of(row))
    return f"{row.expected_in_words} {ours}, {row.found_in_words} {theirs}."


def outcome_of(row: PaymentDiscrepancy) -> str:
    """Its state; of one that was resolved, by whom and when."""
    if row.resolved_at is None:
        return str(State(row.state).label)
    return f"Resolved by {name_of(row.resolved_by)}, {in_local_time(row.resolved_at)}"
