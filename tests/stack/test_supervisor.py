"""Children are kept running, and ended in order."""

import os
import signal
from pathlib import Path

import pytest

from stack.supervisor import StackFailedError, StackStoppedError
from tests.stack.conftest import Supervised, alive, kill


def test_it_restarts_a_killed_child(supervised: Supervised) -> None:
    supervised.supervisor.start(supervised.spec("web", "exec sleep 60"))
    first = supervised.processes["web"]
    kill(first)
    supervised.tick_until(lambda: supervised.processes["web"] != first)
    now = supervised.processes["web"]
    assert supervised.said == [f"web died (killed by SIGKILL). Restarted as process {now}."]
    assert alive(now)


def test_it_restarts_a_child_that_ended_by_itself(supervised: Supervised) -> None:
    once = supervised.directory / "once"
    supervised.supervisor.start(supervised.spec("web", f"[ -e {once} ] || {{ touch {once}; exit 0; }}; exec sleep 60"))
    supervised.tick_until(lambda: len(supervised.said) == 1)
    assert supervised.said[0].startswith("web died (exit code 0). Restarted")


def test_it_ends_when_a_child_dies_five_times_in_a_minute(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stack.supervisor.PAUSE", 0.01)
    supervised.supervisor.start(supervised.spec("web", "echo no such table; exit 3"))
    with pytest.raises(StackFailedError, match=r"web died 5 times within a minute[^$]*no such table"):
        supervised.tick_until(lambda: False)
    assert len(supervised.said) == 4


def test_deaths_that_lie_longer_apart_do_not_end_it(supervised: Supervised, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.supervisor.WITHIN", 0.0)
    supervised.supervisor.start(supervised.spec("web", "exit 3"))
    supervised.tick_until(lambda: len(supervised.said) > 6)


def test_a_child_is_restarted_only_after_its_own_children_are_gone(supervised: Supervised) -> None:
    note = supervised.directory / "grandchild"
    supervised.supervisor.start(supervised.spec("web", f"sleep 61 & echo $! > {note}; wait"))
    first = supervised.processes["web"]
    supervised.tick_until(lambda: note.exists() and bool(note.read_text()))
    grandchild = int(note.read_text())
    kill(first)
    supervised.tick_until(lambda: supervised.processes["web"] != first)
    assert not alive(grandchild)


def test_it_ends_children_before_what_they_depend_on(supervised: Supervised) -> None:
    journal = supervised.directory / "journal"
    for phase, name in enumerate(("postgres", "temporal", "web")):
        script = (
            f"trap 'echo {name} >> {journal}; exit 0' TERM; echo up > {journal}.{name}; while :; do sleep 0.02; done"
        )
        supervised.supervisor.start(supervised.spec(name, script, phase))
    supervised.tick_until(lambda: all(Path(f"{journal}.{name}").exists() for name in supervised.processes))
    assert supervised.supervisor.stop()
    assert journal.read_text().split() == ["web", "temporal", "postgres"]
    assert not any(map(alive, supervised.processes.values()))


def test_a_second_request_to_stop_kills_at_once(supervised: Supervised) -> None:
    ready = supervised.directory / "ready"
    script = f"trap 'kill -INT {os.getpid()}' TERM; touch {ready}; while :; do sleep 0.02; done"
    supervised.supervisor.start(supervised.spec("stubborn", script))
    supervised.tick_until(ready.exists)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(StackStoppedError):
        supervised.supervisor.tick()
    assert not supervised.supervisor.stop()
    assert not alive(supervised.processes["stubborn"])


def test_a_command_that_fails_is_reported_with_its_last_words(supervised: Supervised) -> None:
    command = supervised.spec("migrate", "echo relation is missing >&2; exit 2").command
    with pytest.raises(StackFailedError, match=r"migrate failed \(exit code 2\):\nrelation is missing"):
        supervised.supervisor.run("migrate", command)
