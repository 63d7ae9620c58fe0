"""Checks where a shop's webhook URL leads: never into a private network, whatever its host resolves to."""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from orders.errors import AddressRefused, GatewayUnavailable
from orders.slots import Slots

Resolve = Callable[[str, int], list[str]]

MAX_URL = 500
LOOK_UP_SECONDS = 3
# Includes look-ups that timed out and whose threads still run.
MAX_LOOK_UPS = 32
_look_ups = Slots(MAX_LOOK_UPS)
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253})(:(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[!-\"$-~]*)?",
)
# Metadata services of cloud providers that have public addresses.
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# The IANA special-purpose registries (RFC 6890), repeated here: `is_global` differs between versions of Python, and
# accepts some ranges that no shop can have.
_SPECIAL = tuple(
    ipaddress.ip_network(name)
    for name in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # Within 2000::/3. Teredo, 6to4 and others embed an IPv4 address, which may be private; so do NAT64
        # (64:ff9b::/96, 64:ff9b:1::/48) and IPv4-mapped addresses, which lie outside it.
        *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A parsed URL with the address that was checked; the connection goes to that address."""

    host: str
    port: int
    is_tls: bool
    path: str
    address: str

    @property
    def netloc(self) -> str:
        """The value of the Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.is_tls else 80) else f"{name}:{self.port}"


def destination_of(url: str, *, allow_private: bool, resolve: Resolve) -> Destination:
    """Parse `url` and resolve its host. `allow_private` permits any address, and http.

    Raises:
        AddressRefused: it is not a URL that may be called.
        GatewayUnavailable: its host does not resolve at present.
    """
    found = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if found is None:
        raise AddressRefused("must be an https:// URL in ASCII, without a user name and without a fragment")
    is_tls = found["scheme"] == "https"
    port = int(found["port"]) if found["port"] else 443 if is_tls else 80
    host = found["host"].strip("[]").lower()
    if not allow_private and not is_tls:
        raise AddressRefused("must begin with https://")
    if not 0 < port < 65536 or (not allow_private and port != 443 and port < 1024):
        raise AddressRefused("must name port 443 or one above 1023")
    addresses = resolve(host, port)
    if not allow_private and not all(map(is_public, addresses)):
        raise AddressRefused("must not lead to a private, local or reserved address")
    return Destination(host=host, port=port, is_tls=is_tls, path=found["path"] or "/", address=addresses[0])


def is_public(address: str) -> bool:
    """Whether this is a public internet address: not a private network, this machine or a cloud's metadata service."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if not found.is_global or found.is_multicast or found.is_reserved or found in _METADATA:
        return False
    if any(found in network for network in _SPECIAL if network.version == found.version):
        return False
    return isinstance(found, ipaddress.IPv4Address) or (found in _GLOBAL_UNICAST and not _is_isatap(found))


def _is_isatap(address: ipaddress.IPv6Address) -> bool:
    """Whether the lower 64 bits embed an IPv4 address, which may be private (RFC 5214)."""
    return (int(address) >> 32) & 0xFDFF_FFFF == 0x5EFE


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, at least one.

    A look-up has no timeout of its own and cannot be cancelled: one that takes too long goes on in a thread, and its
    result is ignored.

    Raises:
        GatewayUnavailable: it has none, or the look-up did not end in time.
    """
    if not _look_ups.take():
        raise GatewayUnavailable("Too many hosts are being looked up.")
    answer: Future[list[str]] = Future()
    threading.Thread(target=_look_up, args=(host, port, answer), name="dns", daemon=True).start()
    try:
        found = answer.result(LOOK_UP_SECONDS)
    except TimeoutError:
        raise GatewayUnavailable("The host could not be looked up in time.") from None
    if not found:
        raise GatewayUnavailable("The host cannot be found.")
    return found


def _look_up(host: str, port: int, answer: Future[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    finally:
        _look_ups.give_back()
    answer.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
