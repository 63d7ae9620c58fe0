"""Metrics in the Prometheus text format. All are read from PostgreSQL on request, so every web process reports the same
values, and a restart loses none.
"""

from collections.abc import Iterator
from datetime import datetime
from secrets import compare_digest

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from orders.selectors import dashboard
from orders.selectors.dashboard import Backlog

RETRY_AFTER = "5"


def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics, for a caller with the bearer token `METRICS_TOKEN`; 404 if that is not set."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not compare_digest(
        request.headers.get("Authorization", "").encode(), f"Bearer {settings.METRICS_TOKEN}".encode()
    ):
        return HttpResponse(
            "Send METRICS_TOKEN as a Bearer token.\n", status=401, headers={"WWW-Authenticate": "Bearer"}
        )
    registry = CollectorRegistry()
    registry.register(Figures())
    try:
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError:
        return HttpResponse("PostgreSQL is not available.\n", status=503, headers={"Retry-After": RETRY_AFTER})


class Figures:
    """Reads the metrics anew at each `collect`."""

    def describe(self) -> list[Metric]:
        """Empty: otherwise the registry would collect everything once more to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Counts, and the age of the oldest of each."""
        yield from _open_orders()
        attention = dashboard.flagged()
        yield GaugeMetricFamily("orderlife_orders_needing_attention", "Orders that need attention.", attention.count)
        backlogs = {
            "command_undelivered": dashboard.undelivered_commands(),
            "command_unsettled": dashboard.unsettled_commands(),
            "delivery_unsent": dashboard.unsent_deliveries(),
        }
        yield from _backlogs(backlogs)


def _open_orders() -> Iterator[Metric]:
    count = GaugeMetricFamily("orderlife_open_orders", "Orders in a status that is not final.", labels=["status"])
    age = GaugeMetricFamily("orderlife_open_order_age_seconds", "Age of the oldest one.", labels=["status"])
    for status, pile in dashboard.open_orders().items():
        count.add_metric([status.value], pile.count)
        age.add_metric([status.value], _age(pile.oldest))
    yield count
    yield age


def _backlogs(backlogs: dict[str, Backlog]) -> Iterator[Metric]:
    count = GaugeMetricFamily("orderlife_backlog", "Rows that wait, counted up to a limit.", labels=["of"])
    age = GaugeMetricFamily("orderlife_backlog_age_seconds", "Age of the oldest one.", labels=["of"])
    for of, backlog in backlogs.items():
        count.add_metric([of], backlog.count)
        age.add_metric([of], _age(backlog.oldest))
    yield count
    yield age


def _age(since: datetime | None) -> float:
    return (timezone.now() - since).total_seconds() if since else 0.0
