"""What is decided before anything starts."""

import json
import socket
import stat
from pathlib import Path

import pytest

from stack import ports
from stack.ports import HOST, PortError, choose, free_port
from stack.state import DataDirectory, Secrets, StackRunsError


@pytest.fixture
def own_ports(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name in ("WEB_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT"):
        monkeypatch.setenv(name, environment[name])
    return environment


@pytest.mark.parametrize("variable", ["WEB_PORT", "TEMPORAL_PORT", "TEMPORAL_UI_PORT"])
@pytest.mark.parametrize("host", [HOST, "0.0.0.0"])  # noqa: S104 - whoever listens everywhere is in our way too
def test_it_says_which_port_is_taken(own_ports: dict[str, str], variable: str, host: str) -> None:
    with socket.create_server((host, int(own_ports[variable]))), pytest.raises(PortError) as caught:
        choose()
    assert str(caught.value).startswith(f"Port {own_ports[variable]} cannot be used")
    assert f"set {variable} to another" in str(caught.value)


@pytest.mark.parametrize("value", ["web", "0", "65536", "-1", "8000.0", "٨٠"])
@pytest.mark.usefixtures("own_ports")
def test_it_refuses_what_is_no_port(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("WEB_PORT", value)
    with pytest.raises(PortError, match="WEB_PORT must be a port number"):
        choose()


def test_it_refuses_one_port_for_two(own_ports: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", own_ports["TEMPORAL_PORT"])
    with pytest.raises(PortError, match="must differ"):
        choose()


def test_secrets_are_made_once_and_are_private(directory: Path) -> None:
    file = directory / "secrets.env"
    first = Secrets(file)
    first.keep(DEMO_API_KEY="key")
    again = Secrets(file)
    assert [again[name] for name in Secrets.MADE] == [first[name] for name in Secrets.MADE]
    assert again.get("DEMO_API_KEY") == "key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_stack_json_is_private_and_gone_in_the_end(directory: Path) -> None:
    data = DataDirectory(directory)
    data.announce({"pid": 1})
    assert json.loads(data.stack_file.read_text()) == {"pid": 1}
    assert stat.S_IMODE(data.stack_file.stat().st_mode) == 0o600
    data.withdraw()
    assert not data.stack_file.exists()


def test_only_one_holds_the_data_directory(directory: Path) -> None:
    data = DataDirectory(directory)
    with data.locked(), pytest.raises(StackRunsError), data.locked():
        pass
    with data.locked():
        data.clear()
    assert not list(directory.iterdir())


def test_it_gives_no_port_twice_and_none_that_somebody_may_have_got_meanwhile() -> None:
    given = {free_port() for _ in range(300)}
    assert len(given) == 300
    with socket.create_server((HOST, 0)) as somebody:
        assert max(given) < somebody.getsockname()[1]


def test_it_gives_no_port_on_which_somebody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, free_port())) as somebody:
        port = somebody.getsockname()[1]
        monkeypatch.setattr(ports, "NEVER_GIVEN_BY_SYSTEMS", range(port, port + 40))
        monkeypatch.setattr(ports, "_given", set())
        assert port not in {free_port() for _ in range(20)}
