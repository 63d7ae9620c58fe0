"""Calling the endpoints of shops: to the address that was checked, within a deadline, following nothing."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.conf import settings

from orders.errors import GatewayUnavailable
from orders.gateways.destinations import Destination, Resolve, destination_of, resolve

# A whole call: connecting, TLS, and an answer, however slowly it trickles in.
DEADLINE_SECONDS = 8.0
# So much of an answer is read and kept; the rest is left.
EXCERPT_BYTES = 1000
LATE = "no answer in time"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an endpoint answered: its status, and how its body begins."""

    status: int
    excerpt: str


class WebhookCaller(Protocol):
    """Whoever calls a shop's endpoint."""

    def check(self, url: str) -> None:
        """Make sure that `url` is one that we call.

        Raises:
            AddressRefused: it never will be, as it stands.
            GatewayUnavailable: its host has no address.
        """
        ...

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send this once, wherever `url` leads now.

        Raises:
            AddressRefused: it leads where we do not call.
            GatewayUnavailable: no answer came; whether it was received is unknown.
        """
        ...


class HttpWebhooks:
    """The real one. The name is resolved once a call: what was checked is what is connected to."""

    def __init__(
        self,
        *,
        allow_private: bool,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        """`deadline` in seconds."""
        self._allow_private = allow_private
        self._resolve = resolve
        self._tls = tls
        self._deadline = deadline

    def check(self, url: str) -> None:
        """As `WebhookCaller.check`."""
        destination_of(url, allow_private=self._allow_private, resolve=self._resolve)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """As `WebhookCaller.post`."""
        until = time.monotonic() + self._deadline
        place = destination_of(url, allow_private=self._allow_private, resolve=self._resolve)
        try:
            with self._connected(place, until) as connection:
                connection.request("POST", place.path, body, {"Host": place.netloc, **headers, "Connection": "close"})
                answer = connection.getresponse()
                excerpt = answer.read(EXCERPT_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise GatewayUnavailable(LATE if time.monotonic() >= until else _in_words(error)) from None
        if time.monotonic() >= until:  # it was cut short, which reads like its end
            raise GatewayUnavailable(LATE)
        return Answer(status=answer.status, excerpt=excerpt.decode(errors="replace").replace("\0", "\ufffd"))

    @contextlib.contextmanager
    def _connected(self, place: Destination, until: float) -> Iterator[http.client.HTTPConnection]:
        """A connection that breaks at the time `until`: a timeout of the socket alone starts anew with every byte."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        wire = socket.create_connection((place.address, place.port), timeout=left)
        if place.is_tls:
            context = self._tls or _default_tls()
            wire = context.wrap_socket(wire, server_hostname=place.host, do_handshake_on_connect=False)
        breaker = threading.Timer(until - time.monotonic(), _break, [wire])
        breaker.daemon = True
        breaker.start()
        try:
            if isinstance(wire, ssl.SSLSocket):
                wire.do_handshake()
            connection = http.client.HTTPConnection(place.host, place.port)
            connection.sock = wire
            yield connection
        finally:
            breaker.cancel()
            wire.close()


def webhook_caller() -> WebhookCaller:
    """The one that the settings ask for."""
    return HttpWebhooks(allow_private=settings.WEBHOOK_ALLOW_PRIVATE)


def _break(wire: socket.socket) -> None:
    with contextlib.suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)


def _in_words(error: Exception) -> str:
    """What went wrong, without what the other side said."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return f"no answer: {type(error).__name__}"


@cache
def _default_tls() -> ssl.SSLContext:
    return ssl.create_default_context()
