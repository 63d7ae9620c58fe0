"""The books that gateways and carriers keep themselves, by order, in the form that the checker and the soak read."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
Books = dict[str, list[Entry]]

# Those of the Stripe double that the checker reads.
KINDS = ("authorisation", "capture", "void", "lapse", "refund")


def read(ledger: Path) -> Books:
    """What a ledger says of each order."""
    books: Books = defaultdict(list)
    for entry in _complete_lines(ledger):
        # The capture of an authorisation, and what it releases, has a key of its own and names its payment.
        key = entry["about"] if entry["kind"] in ("capture", "void") and "about" in entry else entry["key"]
        books[entry["order_id"]].append({**entry, "key": key})
    return books


def read_stripe(ledger: Path) -> Books:
    """What moved or reserved money in the books of the Stripe double, as the simulated gateway writes it.

    A payment that is captured at once has an authorisation there as well. Declines move no money. A dispute does, but
    the customer's bank makes it, not us. Amounts stay in Stripe's minor units: those of USD, in which orders of tests
    are, are ours too.
    """
    entries = _complete_lines(ledger)
    failed = {entry["reference"] for entry in entries if entry["kind"] == "refund_failed"}
    books: Books = defaultdict(list)
    for entry in entries:
        if (
            entry["kind"] in ("authorisation", "capture", "void", "lapse", "refund")
            and entry["reference"] not in failed
        ):
            made = _as_ours(entry)
            books[made["order_id"]].append(made)
    return books


def _as_ours(entry: Entry) -> Entry:
    """What has no key of ours, such as a refund in the dashboard, has Stripe's reference for one."""
    metadata, intent, is_refund = entry["metadata"], entry["payment_intent"], entry["kind"] == "refund"
    about = {"reference": entry["reference"], "charge": intent} if is_refund else {"reference": intent}
    return {
        "kind": "void" if entry["kind"] == "lapse" else entry["kind"],
        "order_id": metadata.get("order_id") or f"of {intent}",
        "key": metadata.get("refund_key" if is_refund else "payment_key") or entry["reference"],
        "amount": entry["amount"],
        "currency": entry["currency"].upper(),
        **about,
    }


def _complete_lines(ledger: Path) -> list[Entry]:
    """A line that is being written at this moment is left out."""
    text = ledger.read_text() if ledger.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
