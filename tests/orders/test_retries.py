from datetime import UTC, datetime, timedelta

import pytest

from orders.services.notifications.sending import next_attempt, retry_delay

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_it_waits_three_times_longer_each_time_up_to_six_hours() -> None:
    waits = [retry_delay(attempt, chance=0.5) for attempt in range(1, 12)]
    assert waits == [5, 15, 45, 135, 405, 1215, 3645, 10935, 21600, 21600, 21600]
    assert retry_delay(10**9, chance=0.5) == 21600


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 4.0), (0.5, 5.0), (1.0, 6.0)])
def test_chance_spreads_a_wait_by_a_fifth_either_way(chance: float, wait: float) -> None:
    assert retry_delay(1, chance=chance) == pytest.approx(wait)


def test_within_three_days_it_tries_twenty_times_and_then_no_more() -> None:
    at, tries = NOW, 1
    while later := next_attempt(tries, at=at, give_up_at=NOW + timedelta(days=3), chance=0.5):
        assert later > at
        at, tries = later, tries + 1
    assert (tries, NOW + timedelta(days=3) - at < timedelta(hours=6)) == (20, True)
