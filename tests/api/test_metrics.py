"""What a monitoring system reads at /metrics."""

from http import HTTPStatus

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from orders.lifecycle import Status
from tests.factories import an_order, an_order_in, request_command

TOKEN = "of the monitoring"


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def figures() -> dict[tuple[str, str], float]:
    """Each sample, by its name and the value of its label."""
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, "".join(s.labels.values())): s.value for family in families for s in family.samples}


def test_it_counts_the_open_orders_of_each_state() -> None:
    before = figures()
    an_order_in(Status.PAID)
    key = ("orderlife_open_orders", "paid")
    assert figures()[key] == before[key] + 1
    assert {label for name, label in before if name == key[0]} >= {"received", "in_review", "shipped"}


def test_it_tells_what_nobody_has_carried_yet_and_for_how_long() -> None:
    request_command(an_order(), "hold")
    told = figures()
    assert told["orderlife_backlog", "command_undelivered"] >= 1
    assert told["orderlife_backlog_age_seconds", "command_undelivered"] > 0


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer guess"}, {"Authorization": TOKEN}])
def test_it_is_not_public(sent: dict[str, str]) -> None:
    assert Client().get("/metrics", headers=sent).status_code == HTTPStatus.UNAUTHORIZED


def test_without_a_token_in_the_settings_there_is_no_such_page(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == HTTPStatus.NOT_FOUND
