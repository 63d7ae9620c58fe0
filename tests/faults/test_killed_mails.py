"""Workers that are killed while they send mails: each mail leaves, and one that leaves twice does so in a window."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from orders.mails import Mail
from orders.models import Delivery
from orders.services.notifications.sending import LEASE_SECONDS
from tests.conftest import eventually
from tests.factories import an_order
from tests.faults.conftest import World

# How many mails, and after how many of them each worker is killed.
KILLS = {60: (6, 24, 42), 200: (20, 80, 140)}
MESSAGE_ID = re.compile(r"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE)
# The lease, and what it takes another worker to start and to see that it has ended.
WINDOW_SECONDS = LEASE_SECONDS + 10


def left(directory: Path) -> dict[str, list[float]]:
    """When each mail left, by its Message-ID. Mails of the same second may share a file."""
    found = defaultdict(list)
    for file in directory.glob("*"):
        for name in MESSAGE_ID.findall(file.read_text()):
            found[name].append(file.stat().st_mtime)
    return found


def have_left(directory: Path, number: int) -> bool:
    return len(left(directory)) >= number


@pytest.mark.slow
@pytest.mark.parametrize("number", [60, 200])
def test_each_mail_is_sent_though_workers_are_killed_and_twice_only_within_the_window(
    world: World, tmp_path: Path, measured: Callable[[str], None], number: int
) -> None:
    directory = tmp_path / "mails"
    world.settings |= {"EMAIL_URL": f"filemail://{directory}", "MANUAL_REVIEW_TIMEOUT": "3600"}
    for _ in range(number):
        an_order()
    for killed_after in KILLS[number]:
        worker = world.start_order_worker()
        eventually(partial(have_left, directory, killed_after))
        worker.kill()
    world.start_order_worker()
    mails = Delivery.objects.filter(template=Mail.RECEIVED)
    eventually(lambda: mails.filter(state="sent").count() == number)
    time.sleep(1)
    times = left(directory)
    twice = [later - before for at in times.values() for before, later in pairwise(sorted(at))]
    measured(f"{number} mails, three kills: {len(twice)} left twice, at most {max(twice, default=0):.1f} s apart")
    assert set(times) == {str(row.pk) for row in mails}
    assert all(apart < WINDOW_SECONDS for apart in twice)
