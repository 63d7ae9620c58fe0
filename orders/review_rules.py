"""REVIEW_RULES: what makes a person decide about an order, and not the timer. One table of data and predicates."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from orders.money import exponent, in_words, to_decimal


class Aspect(StrEnum):
    """What a rule looks at."""

    MONEY = "money"
    CUSTOMER = "customer"
    ADDRESS = "address"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the settings say. Totals are major units by currency; that of `""` is for every other one.

    Attributes:
        total: above it a person looks.
        first_total: above it a person looks at a customer's first order.
        per_email, per_address: so many orders may come within the window; 0: any number.
        window: what "within" means, in words.
        home: the countries that are usual; empty: every one is.
    """

    total: Mapping[str, Decimal] = field(default_factory=dict)
    first_total: Mapping[str, Decimal] = field(default_factory=dict)
    per_email: int = 0
    per_address: int = 0
    window: str = ""
    home: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ReviewedOrder:
    """What is known of an order. What no limit asks for is not read, and stands at its default.

    Attributes:
        countries_before: where this order, or earlier ones of the customer, went until now; empty: nothing is known.
        is_first: the customer has paid for none before.
        from_email, to_address: how many orders, with this one, came within the window.
    """

    total: int
    currency: str
    country: str
    countries_before: frozenset[str] = frozenset()
    is_first: bool = False
    from_email: int = 0
    to_address: int = 0


@dataclass(frozen=True, kw_only=True)
class ReviewRule:
    """One rule.

    Attributes:
        looks_at: a changed address is judged anew by the rules that look at addresses, and by no others.
        hits: whether a person must look.
        sentence: why, for staff; `{}` is the measure. It ends "Waits for a person: ".
        measure: what it was measured by, as it was then. No personal data: a hit stays when the person is erased.
    """

    looks_at: frozenset[Aspect]
    hits: Callable[[ReviewedOrder, Limits], bool]
    sentence: str
    measure: Callable[[ReviewedOrder, Limits], str]


def is_above(total: int, currency: str, limits: Mapping[str, Decimal]) -> bool:
    """Whether `total`, in minor units, is above the limit of its currency, if it has one."""
    limit = limits.get(currency, limits.get(""))
    return limit is not None and to_decimal(total, currency) > limit


def _limit_in_words(currency: str, limits: Mapping[str, Decimal]) -> str:
    limit = limits.get(currency, limits.get("", Decimal(0)))
    return in_words(int(limit.scaleb(exponent(currency))), currency)


REVIEW_RULES: dict[str, ReviewRule] = {
    "total_above_limit": ReviewRule(
        looks_at=frozenset({Aspect.MONEY}),
        hits=lambda facts, limits: is_above(facts.total, facts.currency, limits.total),
        sentence="total above {}",
        measure=lambda facts, limits: _limit_in_words(facts.currency, limits.total),
    ),
    "first_order_above_limit": ReviewRule(
        looks_at=frozenset({Aspect.MONEY, Aspect.CUSTOMER}),
        hits=lambda facts, limits: facts.is_first and is_above(facts.total, facts.currency, limits.first_total),
        sentence="first order of this customer, and its total is above {}",
        measure=lambda facts, limits: _limit_in_words(facts.currency, limits.first_total),
    ),
    "many_from_email": ReviewRule(
        looks_at=frozenset({Aspect.CUSTOMER}),
        hits=lambda facts, limits: 0 < limits.per_email < facts.from_email,
        sentence="more than {} from this e-mail address",
        measure=lambda _, limits: f"{limits.per_email} orders within {limits.window}",
    ),
    "many_to_address": ReviewRule(
        looks_at=frozenset({Aspect.ADDRESS}),
        hits=lambda facts, limits: 0 < limits.per_address < facts.to_address,
        sentence="more than {} to this address",
        measure=lambda _, limits: f"{limits.per_address} orders within {limits.window}",
    ),
    "unusual_country": ReviewRule(
        looks_at=frozenset({Aspect.ADDRESS}),
        hits=lambda facts, limits: bool(limits.home) and facts.country not in limits.home,
        sentence="goes to {}, which is not among the usual countries",
        measure=lambda facts, _: facts.country,
    ),
    "other_country": ReviewRule(
        looks_at=frozenset({Aspect.CUSTOMER, Aspect.ADDRESS}),
        hits=lambda facts, _: bool(facts.countries_before) and facts.country not in facts.countries_before,
        sentence="goes to another country than before: {}",
        measure=lambda facts, _: f"{facts.country}, not {' or '.join(sorted(facts.countries_before))}",
    ),
}


def hits(facts: ReviewedOrder, limits: Limits, *, only: Aspect | None = None) -> list[str]:
    """The hits: each a rule's code with its measure, `total_above_limit:1,000.00 USD`."""
    return [
        f"{code}:{rule.measure(facts, limits)}"
        for code, rule in REVIEW_RULES.items()
        if (only is None or only in rule.looks_at) and rule.hits(facts, limits)
    ]


def merged(known: Iterable[str], found: Iterable[str]) -> list[str]:
    """Hits that were known and hits that were found, one for each rule: the newer one."""
    return list({code_of(hit): hit for hit in (*known, *found)}.values())


def code_of(hit: str) -> str:
    """The rule that was hit."""
    return hit.partition(":")[0]


def codes(found: Iterable[str]) -> list[str]:
    """The rules that were hit, as an event names them: measures may name countries."""
    return [code_of(hit) for hit in found]


def reason(hit: str) -> str:
    """A hit as staff read it: total above 1,000.00 USD."""
    code, _, measure = hit.partition(":")
    rule = REVIEW_RULES.get(code)
    return rule.sentence.format(measure) if rule else code.replace("_", " ")


def reasons(found: Iterable[str]) -> str:
    """Hits in one sentence part, for "Waits for a person: ..."."""
    return "; ".join(map(reason, found))
