"""What the owner of the database cannot change unnoticed: heads of hash chains, signed into a file outside it."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.errors import AnchorsUnusable
from orders.lifecycle import Status
from orders.models import Event, Order
from orders.services.event_anchors import anchoring
from orders.services.event_anchors.anchor_file import appending
from orders.services.event_anchors.anchoring import anchor_events
from orders.services.event_anchors.signed_lines import key_id
from orders.services.orders.verification import verified
from orders.services.state.transition import hash_of
from tests.conftest import unique
from tests.factories import an_order, an_order_in, command
from tests.orders.test_verify_events import tamper
from tests.plugin import connected_to, database_of_its_own

KEY, NEW_KEY = "the first key that signs anchors", "the key that signs them after it"


@pytest.fixture(autouse=True)
def file(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """The anchor file of a database of the test's own."""
    settings.EVENT_ANCHOR_KEY, settings.EVENT_ANCHORS = [KEY], tmp_path / "anchors" / "events.jsonl"
    with database_of_its_own(f"anchored{unique()}"):
        yield settings.EVENT_ANCHORS


def lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def verify(*arguments: str) -> tuple[int, list[str]]:
    """The exit code of `verify_events --anchors`, and what it prints but for its last line."""
    out, code = StringIO(), 0
    try:
        call_command("verify_events", *arguments, "--anchors", stdout=out)
    except CommandError:
        code = 1
    return code, [line for line in out.getvalue().splitlines() if " are valid." not in line]


def faults() -> list[str]:
    """What it finds, without the summary."""
    code, printed = verify()
    found = [line for line in printed if not line.startswith(("Anchored until", "Nothing is anchored"))]
    assert code == any("incomplete" not in line for line in found)
    return found


def rewritten(order: Order, seq: int, **changes: object) -> None:
    """What the database's owner does: change an event behind the triggers and make every hash after it anew."""
    before = ""
    for event in Event.objects.filter(order=order).order_by("seq"):
        if event.seq == seq:
            vars(event).update(changes)
        event.prev_hash = before
        before = event.hash = hash_of(event)
        tamper(
            "events",
            "UPDATE events SET actor = %s, prev_hash = %s, hash = %s WHERE id = %s",
            *(event.actor, event.prev_hash, event.hash, event.pk),
        )
    tamper("orders", "UPDATE orders SET event_hash = %s WHERE id = %s", before, order.pk)


def test_a_history_that_was_changed_and_hashed_anew_is_found() -> None:
    order, other = an_order_in(Status.DELIVERED), an_order_in(Status.PAID)
    assert anchor_events() == 2
    assert faults() == []
    rewritten(order, 3, actor="staff:9")
    assert [result.faults for result in verified()] == [[], []]
    (fault,) = faults()
    assert fault.startswith(f"Order {order.code} ({order.pk}): an event has another hash: event 11 was anchored at 20")
    assert verify(other.code)[0] == 0
    assert verify(order.code)[0] == 1


def test_the_earliest_anchor_that_differs_is_named() -> None:
    order = an_order_in(Status.IN_REVIEW)
    anchor_events()
    command(order, "hold")
    anchor_events()
    command(order, "release")
    anchor_events()
    rewritten(order, 3, actor="staff:9")
    (fault,) = faults()
    assert "an event has another hash: event 3 was anchored at" in fault
    assert "(line 2)" in fault


def test_an_event_that_was_cut_off_and_an_order_that_was_deleted_are_found() -> None:
    cut, gone, last = an_order_in(Status.PAID), an_order(), an_order()
    anchor_events()
    tamper("events", "DELETE FROM events WHERE order_id = %s AND seq = 5", cut.pk)
    before = Event.objects.get(order=cut, seq=4)
    tamper("orders", "UPDATE orders SET status = %s, event_seq = 4, event_hash = %s", before.status, before.hash)
    for order in (gone, last):
        tamper("events", "DELETE FROM events WHERE order_id = %s", order.pk)
        tamper("commands", "DELETE FROM commands WHERE order_id = %s", order.pk)
        tamper("order_items", "DELETE FROM order_items WHERE order_id = %s", order.pk)
        tamper("orders", "DELETE FROM orders WHERE id = %s", order.pk)
    found = [fault.partition(" was anchored")[0] for fault in faults()]
    assert found == [
        f"Order {cut.code} ({cut.pk}): an event is missing: event 5",
        f"Order {gone.pk}: the order is missing: event 1",
        f"Order {last.pk}: the order is missing: event 1",
    ]


def three_lines(file: Path) -> list[bytes]:
    for _ in range(3):
        an_order()
        anchor_events()
    assert faults() == []
    return lines(file)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            lambda a: [a[0], a[1].replace(b":[1,", b":[2,", 1), a[2]],
            ["Line 2 was edited: its signature does not match"],
        ),
        (lambda a: [a[0], a[1].replace(b":", b": ", 1), a[2]], ["Line 2 was edited: its signature does not match"]),
        (lambda a: [a[0], a[1][:50] + b"\n", a[2]], ["Line 2 was edited: it cannot be read"]),
        (lambda a: [a[0], b"[]\n", a[2]], ["Line 2 was edited: it cannot be read"]),
        (lambda a: [a[0], b"{}\n", a[2]], ["Line 2 is signed with the unknown key None: add that key to"]),
        (lambda a: [a[0], a[2]], ["Line 2 was written as line 3: 1 before it are missing"]),
        (lambda a: a[2:], ["Line 1 was written as line 3: 2 before it are missing"]),
        (
            lambda a: [a[0], a[2], a[1]],
            ["Line 2 was written as line 3: 1 before it are missing", "Line 3 is out of order: it was written as line"],
        ),
        (lambda a: [*a, a[1]], ["Line 4 is out of order: it was written as line 2, and follows 3"]),
        (lambda a: [*a[:2], a[2][:60]], ["Line 3 is incomplete: a run was interrupted, or the file was cut off"]),
    ],
)
def test_a_line_that_was_changed_taken_out_or_moved_is_named(
    file: Path, change: Callable[[list[bytes]], list[bytes]], found: list[str]
) -> None:
    file.write_bytes(b"".join(change(three_lines(file))))
    printed = [fault for fault in faults() if fault.startswith("Anchors: ")]
    assert all(sentence.startswith(f"Anchors: {part}") for sentence, part in zip(printed, found, strict=True))


def test_a_line_from_another_file_of_the_same_key_does_not_fit(file: Path, settings: Any) -> None:
    first = three_lines(file)
    settings.EVENT_ANCHORS = file.with_name("another.jsonl")
    second = three_lines(settings.EVENT_ANCHORS)
    file.write_bytes(first[0] + second[1] + first[2])
    settings.EVENT_ANCHORS = file
    assert faults() == [f"Anchors: Line {number} does not continue the hash of the line before." for number in (2, 3)]


def test_lines_that_were_cut_off_the_end_are_visible(file: Path) -> None:
    kept = three_lines(file)[:2]
    file.write_bytes(b"".join(kept))
    code, (summary,) = verify()
    assert code == 0
    assert summary.endswith(", in 2 lines. 1 orders have events that are not anchored.")
    file.write_bytes(b"")
    assert verify()[1] == ["Nothing is anchored. 3 orders have events that are not anchored."]


def test_it_anchors_what_is_new_and_writes_nothing_if_nothing_is(file: Path) -> None:
    order, _ = an_order(), an_order()
    assert anchor_events() == 2
    before = file.read_bytes()
    assert (anchor_events(), file.read_bytes()) == (0, before)
    command(order, "cancel")
    assert verify()[1][0].endswith("1 orders have events that are not anchored.")
    assert (anchor_events(), len(lines(file))) == (1, 2)
    assert anchor_events(everything=True) == 2
    assert verify()[1][0].endswith("in 3 lines. 0 orders have events that are not anchored.")


@contextmanager
def uncommitted(change: Callable[[], object], *, savepoint: bool) -> Iterator[None]:
    """A transaction of another connection, which is committed when the block ends."""
    written, commit = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            with transaction.atomic() if savepoint else nullcontext():
                change()
            written.set()
            commit.wait()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    written.wait()
    try:
        yield
    finally:
        commit.set()
        thread.join()


@pytest.mark.parametrize("savepoint", [False, True])
def test_events_that_are_committed_late_are_anchored_by_a_later_run(*, savepoint: bool) -> None:
    order = an_order()
    anchor_events()
    with uncommitted(lambda: command(order, "cancel"), savepoint=savepoint):
        an_order()
        assert anchor_events() == 1
        assert anchor_events() == 0
    assert [anchor_events(), anchor_events()] == [1, 0]
    assert "0 orders have events" in verify()[1][0]


def test_events_of_a_transaction_that_is_an_hour_old_are_anchored_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchoring, "CLOCK_TOLERANCE", anchoring.CLOCK_TOLERANCE * 0)
    order = an_order()
    anchor_events()
    with uncommitted(lambda: command(order, "cancel"), savepoint=False):
        an_order()
        assert anchor_events() == 1
    assert anchor_events() == 1
    assert "0 orders have events" in verify()[1][0]


def test_orders_that_were_anchored_before_cost_no_statements_and_no_rows() -> None:
    counts = []
    for size in (3, 30):
        for _ in range(size):
            an_order()
        anchor_events()
        an_order()
        with CaptureQueriesContext(connection) as queries:
            assert anchor_events() == 1
        counts.append(len(queries))
    assert counts[0] == counts[1]
    (statement,) = [query["sql"] for query in queries if "DISTINCT ON" in query["sql"]]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        assert "events_created" in str(cursor.fetchall())


def test_another_database_is_anchored_as_a_whole(file: Path) -> None:
    with database_of_its_own(f"another{unique()}"):
        an_order(), an_order()
        another = os.environ["DATABASE_URL"]
    an_order()
    anchor_events()
    with connected_to(another):
        assert [anchor_events(), anchor_events()] == [2, 0]
    assert len(lines(file)) == 2


def test_many_orders_are_anchored_in_lines_of_a_thousand(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchoring, "BATCH", 2)
    for _ in range(5):
        an_order()
    assert [anchor_events(), anchor_events()] == [5, 0]
    assert len(lines(file)) == 3
    assert faults() == []


def test_an_interrupted_line_is_reported_and_the_next_run_goes_on(file: Path) -> None:
    whole = three_lines(file)
    for torn in (whole[2][:90], whole[2][:90] + b"\n" + whole[2][:7]):
        file.write_bytes(whole[0] + whole[1] + torn)
        assert anchor_events() == 1
        numbers = range(3, 4 + torn.count(b"\n"))
        assert faults() == [f"Anchors: Line {number} is incomplete: a run was interrupted." for number in numbers]
        assert anchor_events() == 0
    file.write_bytes(b"".join(whole).rstrip())  # nothing is missing but the newline
    an_order()
    assert (anchor_events(), faults()) == (1, [])


def test_an_interrupted_first_line_is_no_hindrance(file: Path) -> None:
    an_order()
    file.parent.mkdir()
    file.write_bytes(b'{"at":')
    assert [anchor_events(), anchor_events()] == [1, 0]
    assert faults() == ["Anchors: Line 1 is incomplete: a run was interrupted."]


KILLED = """
import os, signal, django
django.setup()
from orders.services.event_anchors import anchoring
anchoring.BATCH, calls = 1, iter(range(3))
anchoring.anchor_events(is_stopping=lambda: next(calls, None) is None and os.kill(os.getpid(), signal.SIGKILL))
"""


def test_the_run_after_a_killed_one_anchors_everything(file: Path) -> None:
    for _ in range(5):
        an_order()
    settings = {"DJANGO_SETTINGS_MODULE": "orderlife.settings", "EVENT_ANCHOR_KEY": KEY, "EVENT_ANCHORS": str(file)}
    killed = subprocess.run([sys.executable, "-c", KILLED], env={**os.environ, **settings}, check=False)
    assert (killed.returncode, len(lines(file))) == (-signal.SIGKILL, 2)
    assert anchor_events() >= 3
    assert (faults(), anchor_events()) == ([], 0)
    assert "0 orders have events" in verify()[1][0]


def test_of_two_runs_at_once_one_waits_for_the_other(file: Path) -> None:
    order = an_order()

    def run() -> None:
        anchor_events()
        connection.close()

    with appending(file, [KEY]) as first, file.open("rb") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        second = threading.Thread(target=run)
        second.start()
        event = order.events.get()
        first.append([(str(order.pk), event.seq, event.hash)], since="", resume=None)
    second.join()
    assert (len(lines(file)), faults()) == (2, [])


def test_a_new_key_signs_and_the_old_one_still_verifies(settings: Any) -> None:
    an_order()
    anchor_events()
    settings.EVENT_ANCHOR_KEY = [NEW_KEY, KEY]
    an_order()
    anchor_events()
    assert faults() == []
    settings.EVENT_ANCHOR_KEY = [NEW_KEY]
    assert faults() == [
        f"Anchors: Line 1 is signed with the unknown key {key_id(KEY)}: add that key to EVENT_ANCHOR_KEY."
    ]
    assert anchor_events() == 0


def test_a_file_that_another_key_signed_is_not_continued(file: Path, settings: Any) -> None:
    an_order()
    anchor_events()
    settings.EVENT_ANCHOR_KEY = [NEW_KEY]
    with pytest.raises(AnchorsUnusable, match=f"is signed with the unknown key {key_id(KEY)}"):
        anchor_events()
    assert len(lines(file)) == 1


def test_a_role_without_privileges_of_its_own_can_anchor() -> None:
    role = f"plain{unique()}"
    an_order()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}; GRANT SELECT ON events TO {role}; SET ROLE {role}")
        try:
            assert anchor_events() == 1
        finally:
            cursor.execute(f"RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")


def run(name: str, *arguments: str, **settings: str) -> tuple[int, str, str]:
    command = [sys.executable, "manage.py", name, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **settings})
    return done.returncode, done.stdout, done.stderr


def test_the_commands_answer_in_one_line_and_with_a_code(file: Path, tmp_path: Path) -> None:
    an_order()
    settings = {"EVENT_ANCHOR_KEY": KEY, "EVENT_ANCHORS": str(file)}
    assert run("anchor_events", **settings) == (0, f"1 orders anchored in {file}.\n", "")
    assert run("anchor_events", **settings) == (0, "Nothing to anchor.\n", "")
    elsewhere = file.rename(tmp_path / "moved.jsonl")
    code, printed, _ = run("verify_events", "--anchors", str(elsewhere), **settings)
    assert (code, printed.splitlines()[0]) == (0, "1 events of 1 orders are valid.")
    assert oct(elsewhere.stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize(
    ("name", "key", "where", "error"),
    [
        ("anchor_events", "", "anchors", "EVENT_ANCHOR_KEY is not set: put a long random key into .env"),
        ("verify_events", "", "anchors", "EVENT_ANCHOR_KEY is not set: put a long random key into .env"),
        ("anchor_events", "short", "anchors", "EVENT_ANCHOR_KEY has a key of 5 bytes: it needs 16."),
        ("anchor_events", KEY, "a file/anchors", "(File exists): let EVENT_ANCHORS name a file that can be."),
        ("anchor_events", KEY, "", "(Is a directory): let EVENT_ANCHORS name a file that can be."),
        ("verify_events", KEY, "nothing", "cannot be read: No such file or directory."),
    ],
)
def test_what_is_missing_is_said_in_one_line(tmp_path: Path, name: str, key: str, where: str, error: str) -> None:
    (tmp_path / "a file").touch()
    option = ["--anchors"] if name == "verify_events" else []
    code, printed, errors = run(name, *option, EVENT_ANCHOR_KEY=key, EVENT_ANCHORS=str(tmp_path / where))
    assert (code, printed) == (1, "")
    assert error in errors.splitlines()[-1]
