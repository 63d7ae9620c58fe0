"""The state of the double: Stripe's objects, its events, the books, and the answers kept for idempotency keys."""

import copy
import heapq
import itertools
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.doubles.stripe.clock import Clock
from tests.doubles.stripe.errors import Json, not_found
from tests.doubles.stripe.journal import Journal

API_VERSION = "2026-10-28.endive"
# Under this key an object keeps what answers do not show.
PRIVATE = "_"


@dataclass
class Change:
    """What one request, or the passing of time, has changed so far."""

    request_id: str | None = None
    key: str | None = None
    objects: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    books: list[Json] = field(default_factory=list)
    answers: dict[str, Json] = field(default_factory=dict)


class Account:
    """Everything that is in the account; use it within `changing`.

    `due` says, by kind of object, what happens when the deadline of one has passed.
    """

    def __init__(self, clock: Clock, due: Mapping[str, Callable[["Account", Json], None]], books: Path | None) -> None:
        self.clock = clock
        self.base_url = ""
        self.api_version = API_VERSION
        self.objects: dict[str, Json] = {}
        self.answers: dict[str, Json] = {}
        self.books: list[Json] = []
        self.has_endpoint: Callable[[], bool] = lambda: False
        self.publish: Callable[[list[Json]], None] = lambda _: None
        self._mutex = threading.RLock()
        self._by_kind: defaultdict[str, list[str]] = defaultdict(list)
        self._deadlines: list[tuple[float, int, str]] = []
        self._sequence = itertools.count()
        self._due = due
        self._change = Change()
        self._journal = Journal(books) if books else None
        self._load()
        self._written_offset = clock.offset

    @contextmanager
    def changing(
        self, request_id: str | None = None, key: str | None = None, *, publishes: bool = True
    ) -> Iterator[Change]:
        """Alone with the state; what changed is written at the end, also when the block raises.

        Without `publishes` the caller delivers the events of the block, once it holds no lock any more.
        """
        with self._mutex:
            self._change = Change()
            self._pass_deadlines()
            change = self._change
            passed, change.request_id, change.key = len(change.events), request_id, key
            try:
                yield change
            finally:
                self._write(change)
                self.publish(change.events if publishes else change.events[:passed])
                del change.events[:passed]

    def find(self, kind: str, identifier: str, *, param: str | None = None) -> Json:
        found = self.objects.get(identifier)
        if found is None or found["object"] != kind:
            raise not_found(kind, identifier, param=param)
        return found

    def every(self, kind: str) -> list[Json]:
        """Newest first."""
        with self._mutex:
            return [self.objects[identifier] for identifier in reversed(self._by_kind[kind])]

    def new(self, kind: str, prefix: str, **fields: object) -> Json:
        made: Json = {
            "id": f"{prefix}_{secrets.token_hex(12)}",
            "object": kind,
            "created": self.clock.seconds(),
            "livemode": False,
            **fields,
        }
        made.setdefault(PRIVATE, {})
        return self.save(made)

    def save(self, changed: Json) -> Json:
        if changed["id"] not in self.objects:
            self._add(changed)
        self._change.objects[changed["id"]] = changed
        return changed

    def emit(self, kind: str, about: Json) -> None:
        """Make an event of what the object is at this moment."""
        event = self.new(
            "event",
            "evt",
            api_version=self.api_version,
            data={"object": copy.deepcopy(public(about))},
            pending_webhooks=int(self.has_endpoint()),
            request={"id": self._change.request_id, "idempotency_key": self._change.key},
            type=kind,
        )
        self._change.events.append(event)

    def record(self, kind: str, intent: Json, amount: int, reference: str, metadata: Json | None = None) -> None:
        """Add to the books what moved money.

        An automatic capture is an authorisation and a capture; what a partial capture releases has no entry.
        """
        self._change.books.append(
            {
                "at": round(self.clock.now(), 3),
                "kind": kind,
                "payment_intent": intent["id"],
                "amount": amount,
                "currency": intent["currency"],
                "metadata": {**intent["metadata"], **(metadata or {})},
                "reference": reference,
                "key": self._change.key,
            }
        )

    def keep_answer(self, key: str, answer: Json) -> None:
        self.answers[key] = self._change.answers[key] = answer

    def set_deadline(self, of: Json, at: float | None) -> None:
        of[PRIVATE]["deadline"] = at
        if at is not None:
            heapq.heappush(self._deadlines, (at, next(self._sequence), of["id"]))

    def close(self) -> None:
        with self._mutex:
            if self._journal:
                self._journal.close()

    def _pass_deadlines(self) -> None:
        now = self.clock.now()
        while self._deadlines and self._deadlines[0][0] <= now:
            at, _, identifier = heapq.heappop(self._deadlines)
            passed = self.objects[identifier]
            if passed[PRIVATE].get("deadline") == at:
                passed[PRIVATE]["deadline"] = None
                self._due[passed["object"]](self, self.save(passed))

    def _write(self, change: Change) -> None:
        self.books.extend(change.books)
        if self._journal and (change.objects or change.answers or self.clock.offset != self._written_offset):
            self._written_offset = self.clock.offset
            self._journal.write(
                {
                    "offset": self.clock.offset,
                    "objects": list(change.objects.values()),
                    "answers": change.answers,
                    "books": change.books,
                }
            )

    def _load(self) -> None:
        for change in self._journal.changes if self._journal else []:
            self.clock.offset = change["offset"]
            self.answers.update(change["answers"])
            self.books.extend(change["books"])
            for item in change["objects"]:
                self._add(item)
        for item in self.objects.values():
            if deadline := item[PRIVATE].get("deadline"):
                self.set_deadline(item, deadline)

    def _add(self, item: Json) -> None:
        if item["id"] not in self.objects:
            self._by_kind[item["object"]].append(item["id"])
        self.objects[item["id"]] = item


def public(item: Json) -> Json:
    """As answers and events show it."""
    return {name: value for name, value in item.items() if name != PRIVATE}
