"""Calls shops' webhook endpoints: at the address that was checked, within a deadline, without redirects."""

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

# The whole call: connecting, TLS, and the response, however slowly it arrives.
DEADLINE_SECONDS = 8.0
# How much of a response is read and stored.
EXCERPT_BYTES = 1000
LATE = "no answer in time"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An endpoint's response: its status, and the beginning of its body."""

    status: int
    excerpt: str


class WebhookCaller(Protocol):
    def check(self, url: str) -> None:
        """Check that `url` may be called.

        Raises:
            AddressRefused: it may not, permanently.
            GatewayUnavailable: its host does not resolve at present.
        """
        ...

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send the request once.

        Raises:
            AddressRefused: the URL now leads to an address that may not be called.
            GatewayUnavailable: no response came; whether the request was received is unknown.
        """
        ...


class HttpWebhooks:
    """Resolves the host once per call, so that the address that was checked is the one connected to."""

    def __init__(
        self,
        *,
        allow_private: bool,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        deadline: float = DEADLINE_SECONDS,
        excerpt: int = EXCERPT_BYTES,
    ) -> None:
        """`deadline` in seconds; `excerpt`: how many bytes of a response are read."""
        self._excerpt = excerpt
        self._allow_private = allow_private
        self._resolve = resolve
        self._tls = tls
        self._deadline = deadline

    def check(self, url: str) -> None:
        destination_of(url, allow_private=self._allow_private, resolve=self._resolve)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        until = time.monotonic() + self._deadline
        place = destination_of(url, allow_private=self._allow_private, resolve=self._resolve)
        try:
            with self._connected(place, until) as connection:
                connection.request("POST", place.path, body, {"Host": place.netloc, **headers, "Connection": "close"})
                answer = connection.getresponse()
                excerpt = answer.read(self._excerpt)
        except (OSError, http.client.HTTPException) as error:
            raise GatewayUnavailable(LATE if time.monotonic() >= until else _in_words(error)) from None
        if time.monotonic() >= until:  # closed early, which looks like the end of the body
            raise GatewayUnavailable(LATE)
        return Answer(status=answer.status, excerpt=excerpt.decode(errors="replace").replace("\0", "\ufffd"))

    @contextlib.contextmanager
    def _connected(self, place: Destination, until: float) -> Iterator[http.client.HTTPConnection]:
        """A connection that is closed at the time `until`: a socket timeout alone restarts with every byte."""
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
    return HttpWebhooks(allow_private=settings.WEBHOOK_ALLOW_PRIVATE)


def _break(wire: socket.socket) -> None:
    with contextlib.suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)


def _in_words(error: Exception) -> str:
    """The error as text, without anything that the endpoint sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return f"no answer: {type(error).__name__}"


@cache
def _default_tls() -> ssl.SSLContext:
    return ssl.create_default_context()
