"""The review queue, its claims, and what a reviewer needs to know."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from orders.lifecycle import Status, Waiting
from orders.models import Order, OrderItem, ReviewClaim
from orders.selectors.orders import order_by_id

# The length of the list; nobody works through more before reloading it.
SHOWN = 50
# How many of a customer's earlier orders are counted, and how many are shown.
MAX_COUNTED, LISTED = 100, 5


@dataclass(frozen=True, kw_only=True)
class Queued:
    """An order in the queue, and who has claimed it."""

    order: Order
    claim: ReviewClaim | None


@dataclass(frozen=True, kw_only=True)
class History:
    """A customer's earlier orders: the newest, and how many have each status."""

    newest: Sequence[Order]
    counts: Sequence[tuple[str, int]]
    is_cut_short: bool


@dataclass(frozen=True, kw_only=True)
class ReviewView:
    """An order as a reviewer sees it. `claim` is the current one, whoever holds it."""

    order: Order
    items: Sequence[OrderItem]
    history: History
    claim: ReviewClaim | None


def review_queue() -> list[Queued]:
    """Orders in review: those that need a person first, then by deadline, held ones last."""
    orders = [*_for_people()[:SHOWN], *_with_timer()[:SHOWN], *_held()[:SHOWN]][:SHOWN]
    claims = {claim.order_id: claim for claim in _claims(order_id__in=[order.pk for order in orders])}
    return [Queued(order=order, claim=claims.get(order.pk)) for order in orders]


def next_to_review(person_id: int, *, after: UUID | None = None) -> UUID | None:
    """The first order of the queue that is not held, claimed by nobody else, and not the one just left."""
    for part in (_for_people(), _with_timer()):
        orders = part.filter(held=False).exclude(pk=after) if after else part.filter(held=False)
        taken = ReviewClaim.objects.filter(_holds()).exclude(person_id=person_id).values("order_id")
        found: UUID | None = orders.exclude(pk__in=taken).values_list("pk", flat=True).first()
        if found:
            return found
    return None


def waiting_for_review() -> int:
    """How many orders need a person, counted no further than a button shows."""
    return _for_people()[:1000].count()


def review_view(order_id: UUID) -> ReviewView:
    """What a reviewer's page shows.

    Raises:
        OrderNotFound: there is no such order.
    """
    order = order_by_id(order_id)
    return ReviewView(
        order=order,
        items=list(order.items.select_related("order").order_by("position")),
        history=_history(order),
        claim=claim_on(order.pk),
    )


def claim_on(order_id: UUID) -> ReviewClaim | None:
    """The current claim on the order."""
    return _claims(order_id=order_id).first()


def _claims(**of: object) -> QuerySet[ReviewClaim]:
    return ReviewClaim.objects.filter(_holds(), **of).select_related("person")


def _holds() -> Q:
    return Q(ended_at=None, expires_at__gt=timezone.now())


def _in_review(waiting: Waiting) -> QuerySet[Order]:
    return Order.objects.filter(status=Status.IN_REVIEW, waiting_for=waiting, made_up=False)


def _for_people() -> QuerySet[Order]:
    return _in_review(Waiting.REVIEWER).order_by("created_at", "id")


def _with_timer() -> QuerySet[Order]:
    return _in_review(Waiting.REVIEW).filter(deadline__isnull=False).order_by("deadline", "created_at")


def _held() -> QuerySet[Order]:
    return _in_review(Waiting.REVIEW).filter(deadline=None).order_by("created_at")


def _history(order: Order) -> History:
    same = Order.objects.alias(email=Lower("customer_email")).filter(email=order.customer_email.lower())
    earlier = list(same.filter(created_at__lt=order.created_at).order_by(F("created_at").desc())[: MAX_COUNTED + 1])
    counts = Counter(Status(past.status).in_words for past in earlier[:MAX_COUNTED])
    return History(newest=earlier[:LISTED], counts=counts.most_common(), is_cut_short=len(earlier) > MAX_COUNTED)
