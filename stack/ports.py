"""The TCP ports of the stack, always on 127.0.0.1."""

import contextlib
import os
import secrets
import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
DEFAULTS = {"WEB_PORT": 8000, "TEMPORAL_PORT": 7233, "TEMPORAL_UI_PORT": 8233}


# Ephemeral ports begin at 32768 on Linux, at 49152 on other systems.
NEVER_GIVEN_BY_SYSTEMS = range(20_000, 32_768)
_given: set[int] = set()


class PortError(Exception):
    """A port is not available; the message is one line that names it and the variable to set."""


@dataclass(frozen=True)
class Ports:
    """The ports that people use, and the two that only the children use."""

    web: int
    temporal: int
    temporal_ui: int
    temporal_http: int
    postgres: int


def free_port() -> int:
    """A port that nothing listens on, a different one each time.

    Another process may take it first, but only one that asks for this very port: systems assign others to clients and
    to requests for any port.
    """
    while True:
        port = secrets.choice(NEVER_GIVEN_BY_SYSTEMS)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def choose() -> Ports:
    """The ports from the environment or their defaults, each checked to be free.

    Raises:
        PortError: one is not a port number, is used twice, or is in use.
    """
    wanted = {variable: _number(variable) for variable in DEFAULTS}
    if len(set(wanted.values())) < len(wanted):
        given = ", ".join(f"{variable}={port}" for variable, port in wanted.items())
        raise PortError(f"The ports must differ from each other: {given}.")
    for variable, port in wanted.items():
        _check_free(variable, port)
    _given.update(wanted.values())
    return Ports(wanted["WEB_PORT"], wanted["TEMPORAL_PORT"], wanted["TEMPORAL_UI_PORT"], free_port(), free_port())


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind((HOST, port))
        return True
    return False


def _number(variable: str) -> int:
    value = os.environ.get(variable) or str(DEFAULTS[variable])
    if value.isascii() and value.isdigit() and 0 < int(value) < 65536:
        return int(value)
    raise PortError(f"{variable} must be a port number from 1 to 65535, not {value!r}.")


def _check_free(variable: str, port: int) -> None:
    with socket.socket() as probe:
        # Without it, connections of the last run in TIME_WAIT would count as a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortError(
                f"Port {port} cannot be used ({error.strerror}). Free it, or set {variable} to another port."
            ) from None
