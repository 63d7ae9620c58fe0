"""The command line, with what a terminal may send."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import TIMEOUT_SECONDS

COMMANDS = (
    ["signal_order", "ABC-DEF-GHJ", "hold", "--reason"],
    ["signal_order"],
    ["place_order", "--payment-method"],
    ["place_order", "--json"],
    ["create_api_key"],
    ["create_api_key", "shop", "--revoke-key"],
    ["reset_second_factor"],
    ["verify_events"],
    ["createsuperuser", "--username"],
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_an_argument_in_another_encoding_is_one_clear_line(arguments: list[str]) -> None:
    command: list[str | bytes] = [sys.executable, "-X", "utf8", "manage.py", *arguments, b"caf\xe9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not valid utf-8" in line


@pytest.mark.parametrize("content", ["[" * 100_000, "\ud800", "9" * 5000, "{", '{"customer_name": "\\ud800"}', "[]"])
def test_an_order_that_cannot_be_read_is_one_clear_line(content: str, tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_bytes(content.encode(errors="surrogatepass"))
    with pytest.raises(CommandError):
        call_command("place_order", "--json", str(file))
