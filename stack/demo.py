"""`make demo`: three orders, and whether each ended as expected."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stack.api import JOHN_DOE, Api, ApiError
from stack.launch import Stack
from stack.orders import NEW_ADDRESS, DemoError, Followed, Ledgers, delivered, readdressed, refunded


@dataclass(frozen=True)
class Story:
    """One order of the demo: what happens to it, what to check in the ledgers, and how to report it."""

    title: str
    play: Callable[[Followed], Iterator[None]]
    check: Callable[[Ledgers, str], None]
    ending: str


STORIES = (
    Story(
        "to be delivered",
        delivered,
        lambda ledgers, order_id: ledgers.check_delivered(order_id, JOHN_DOE["shipping_address"]["street"]),
        "delivered; charged once, one label",
    ),
    Story(
        "to be cancelled",
        refunded,
        lambda ledgers, order_id: ledgers.check_refunded(order_id),
        "cancelled after the charge; refunded in full, no label",
    ),
    Story(
        "to another address",
        readdressed,
        lambda ledgers, order_id: ledgers.check_delivered(order_id, NEW_ADDRESS["street"]),
        f"delivered to the address given during review ({NEW_ADDRESS['street']})",
    ),
)


def play(stack: Stack, api: Api) -> bool:
    """Run all stories concurrently; returns whether each order ended as expected. The last lines name them."""
    ledgers = Ledgers(stack.parts.data.simulated)
    stack.terminal.line()
    orders = [(story, Followed.place(api, story.title, stack.terminal.line)) for story in STORIES]
    playing = [(order, story.play(order)) for story, order in orders]
    failures: dict[str, str] = {}
    while playing:
        playing = [(order, steps) for order, steps in playing if _goes_on(order, steps, failures)]
        stack.tick()
    stack.terminal.line()
    for story, order in orders:
        stack.terminal.line(_report(story, order, ledgers, failures))
    return not failures


def _goes_on(order: Followed, steps: Iterator[None], failures: dict[str, str]) -> bool:
    try:
        next(steps)
    except StopIteration:
        return False
    except (DemoError, ApiError) as error:
        failures[order.order_id] = str(error)
        return False
    return True


def _report(story: Story, order: Followed, ledgers: Ledgers, failures: dict[str, str]) -> str:
    if order.order_id not in failures:
        try:
            story.check(ledgers, order.order_id)
        except DemoError as error:
            failures[order.order_id] = str(error)
    ending = failures.get(order.order_id)
    name = f"Order {order.placed['code']} ({order.order_id})"
    return f"{name}: FAILED: {ending}" if ending else f"{name}: {story.ending}."
