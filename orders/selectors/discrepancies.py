"""Payment discrepancies as finance staff look them up."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from orders.ids import normalise_code
from orders.models import Order, PaymentDiscrepancy

State = PaymentDiscrepancy.State


def discrepancy_by_id(pk: UUID) -> PaymentDiscrepancy | None:
    return PaymentDiscrepancy.objects.select_related("order", "resolved_by").filter(pk=pk).first()


def discrepancies_found(rows: QuerySet[PaymentDiscrepancy], text: str) -> QuerySet[PaymentDiscrepancy]:
    """Those of the order with this code, or with this gateway reference.

    The order is looked up first: joined to its table, neither condition could use an index.
    """
    orders = list(Order.objects.filter(code=normalise_code(text)).order_by().values_list("pk", flat=True))
    return rows.filter(Q(reference=text.strip()) | Q(order__in=orders))


def open_discrepancies() -> tuple[int, datetime | None]:
    """The number of open discrepancies, and when the oldest was found, by a partial index."""
    found = PaymentDiscrepancy.objects.filter(state=State.OPEN).aggregate(count=Count("*"), oldest=Min("found_at"))
    return found["count"], found["oldest"]
