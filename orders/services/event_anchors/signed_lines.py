"""A line of the anchor file: heads of hash chains as canonical JSON, signed, with the hash of the line before."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings

from orders.errors import AnchorsUnusable

FORMAT = 1

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class UnreadableLine(Exception):
    """No JSON object: the write of the line was interrupted, or somebody changed it."""


class InvalidLine(Exception):
    """A line that no known key signed; the message is what is wrong with it."""


@dataclass(frozen=True)
class Resume:
    """Where the next run begins: at events created at `since` or later, in transactions from `xid` on.

    Attributes:
        server: the database that this holds for: in a restored or promoted one, transaction ids mean something else.
        seen: orders whose newest event is among those although it was anchored, with its number; not all, if they are
            many.
    """

    since: str
    xid: int
    server: str
    seen: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Anchor:
    """The content of a line.

    Attributes:
        number: counts the lines from 1, without those that were interrupted.
        at: when the heads were read.
        since: the `since` of the run; "" if it read all orders.
        heads: by order, the number and hash of its newest event.
        resume: where the next run begins; that of the run before, if this is not the last line of its run.
        previous: SHA-256 of the line before.
        torn: SHA-256 of each interrupted line between that one and this.
    """

    number: int
    at: str
    since: str
    heads: dict[str, tuple[int, str]]
    resume: Resume | None
    previous: str
    torn: list[str]


def anchor_keys() -> list[str]:
    """The keys of EVENT_ANCHOR_KEY: the first signs, all of them verify.

    Raises:
        AnchorsUnusable: there is none.
    """
    if not settings.EVENT_ANCHOR_KEY:
        raise AnchorsUnusable(
            "EVENT_ANCHOR_KEY is not set: put a long random key into .env, made as .env.example says."
        )
    return list(settings.EVENT_ANCHOR_KEY)


def key_id(key: str) -> str:
    """The name under which a line says which key signed it; it does not reveal the key."""
    return hashlib.sha256(f"EVENT_ANCHOR_KEY:{key}".encode()).hexdigest()[:16]


def line_hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def signed(anchor: Anchor, key: str) -> bytes:
    """The line, without a newline."""
    fields = {**asdict(anchor), "format": FORMAT, "key": key_id(key)}
    return _encoded({**fields, "signature": _signature(fields, key)})


def verified_line(line: bytes, keys: Sequence[str]) -> Anchor:
    """The content of a line.

    Raises:
        UnreadableLine: it is no JSON object.
        InvalidLine: it is not as it was signed with one of the keys.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise UnreadableLine from None
    if not isinstance(fields, dict):
        raise UnreadableLine
    named = fields.get("key")
    key = next((key for key in keys if key_id(key) == named), None)
    if key is None:
        raise InvalidLine(f"is signed with the unknown key {named}: add that key to EVENT_ANCHOR_KEY")
    signature = str(fields.pop("signature", ""))
    expected = _signature(fields, key)
    if not hmac.compare_digest(signature.encode(), expected.encode()) or line != _encoded(
        {**fields, "signature": signature}
    ):
        raise InvalidLine("was edited: its signature does not match")
    return _anchor(fields)


def _anchor(fields: dict[str, Any]) -> Anchor:
    """What we have signed ourselves is formed as it must be; only its version may be another."""
    if fields.pop("format") != FORMAT:
        raise InvalidLine("has the format of a newer version of Orderlife")
    del fields["key"]
    fields["heads"] = {order: (seq, digest) for order, (seq, digest) in fields["heads"].items()}
    fields["resume"] = fields["resume"] and Resume(**fields["resume"])
    return Anchor(**fields)


def _signature(fields: dict[str, object], key: str) -> str:
    return hmac.new(key.encode(), _encoded(fields), hashlib.sha256).hexdigest()


def _encoded(fields: dict[str, object]) -> bytes:
    return _CANONICAL.encode(fields).encode()
