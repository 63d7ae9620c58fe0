"""The text of docs/lifecycle.md, made from the state machines and the table of commands."""

from collections.abc import Iterable, Iterator

from orders.commands import RULES, Rule, accepted_in
from orders.lifecycle import (
    FINAL,
    RETURN_FINAL,
    RETURN_TRANSITIONS,
    TRANSITIONS,
    WAITS_FOR,
    EventType,
    ReturnStage,
    Status,
)

INTRODUCTION = """\
# The lifecycle of an order

This page is generated from `orders/lifecycle.py` and `orders/commands.py` by `manage.py lifecycle_doc --write`.
A test fails where it differs from them. A database trigger refuses every status change that is not in the first table;
a test compares the two.
"""

WAITING = """\
Every change of status sets `orders.waiting_for` to the word below, so that every page can say why an order stands
still. Three words replace it for a while: `reviewer` where a person must review, because the order hits a review rule
(no timer runs then), `payment_return` while a payment is being taken back, and `handover` once the label of a packed
order is booked, or as soon as it is packed where people fulfil it: no label is booked then. A final order waits for
nothing.
"""

RETURNS = """\
What customers send back of a delivered order has a state of its own in `returns.state`; the order stays delivered. A
database trigger refuses every change that is not in this table. `return_requested` writes the return down.
"""

COMMANDS = """\
A command is accepted in the statuses named here, if the further conditions in `orders/selectors/eligibility/checks.py`
hold as well (an address cannot be changed once the booking of the label has begun; with manual fulfilment, once the
order is handed over). Otherwise it is rejected, with the reason in its row. `place` starts the workflow of the order,
`refund` and `request_return` one of their own; what is decided of a return reaches the return's workflow as a signal,
and every other command the order's.
"""


def document() -> str:
    """The whole page."""
    sections = (
        INTRODUCTION,
        _diagram(),
        f"## Transitions\n\nBold statuses are final.\n\n{_transitions()}",
        f"## What each status waits for\n\n{WAITING}\n{_waiting()}",
        f"## Commands\n\n{COMMANDS}\n{_commands()}",
        f"## Returns\n\n{RETURNS}\n{_diagram_of_returns()}\n{_transitions_of_returns()}",
    )
    return "\n".join(sections)


def edges() -> Iterator[tuple[Status, EventType, Status]]:
    """Every transition: from where, on what, to where."""
    for (status, event), targets in TRANSITIONS.items():
        for to in targets:
            yield status, event, to


def _diagram() -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {Status.RECEIVED}"]
    lines += [f"    {status} --> {to}: {event}" for status, event, to in edges()]
    lines += [f"    {status} --> [*]" for status in Status if status in FINAL]
    return "\n".join(["```mermaid", *lines, "```", ""])


def _transitions() -> str:
    """One row for each event and its targets: statuses that it leads on from in the same way stand together."""
    rows: dict[tuple[EventType, tuple[Status, ...]], list[Status]] = {}
    for (status, event), targets in TRANSITIONS.items():
        rows.setdefault((event, targets), []).append(status)
    return _table(
        ("from", "on", "to"),
        ((_list(froms), event, " or ".join(map(_bold_if_final, targets))) for (event, targets), froms in rows.items()),
    )


def _diagram_of_returns() -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {ReturnStage.REQUESTED}: {EventType.RETURN_REQUESTED}"]
    lines += [f"    {stage} --> {to}: {event}" for (stage, event), to in RETURN_TRANSITIONS.items()]
    lines += [f"    {stage} --> [*]" for stage in ReturnStage if stage in RETURN_FINAL]
    return "\n".join(["```mermaid", *lines, "```", ""])


def _transitions_of_returns() -> str:
    table = RETURN_TRANSITIONS.items()
    return _table(
        ("from", "on", "to"),
        ((stage, event, f"**{to}**" if to in RETURN_FINAL else to) for (stage, event), to in table),
    )


def _waiting() -> str:
    return _table(
        ("status", "waits for", "accepts"),
        ((_bold_if_final(status), WAITS_FOR.get(status, "–"), _list(accepted_in(status)) or "–") for status in Status),
    )


def _commands() -> str:
    return _table(
        ("kind", "accepted in", "who may issue it", "arguments", "goes as"),
        (
            (
                f"`{kind}`",
                _list(status for status in Status if status in rule.statuses),
                _list(sorted(rule.actors)),
                _list(rule.arguments) or "–",
                _way(rule),
            )
            for kind, rule in RULES.items()
        ),
    )


def _way(rule: Rule) -> str:
    if rule.by_relay:
        return "carried out by the relay"
    return f"signal `{rule.signal}`" if rule.signal else "start of the workflow"


def _bold_if_final(status: Status) -> str:
    return f"**{status}**" if status in FINAL else status


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
