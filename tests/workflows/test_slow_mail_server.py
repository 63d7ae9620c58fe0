"""A mail server that takes its time gets each mail once."""

import asyncio
import socketserver
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from orders.lifecycle import Status
from orders.models import Delivery
from orders.services.notifications import sending
from tests.conftest import comes_true, unique
from tests.factories import an_order_in
from tests.plugin import database_of_its_own
from workflows import lease_loop, sender
from workflows.sender import Sender

# For each answer. A mail takes seven of them, longer than the lease, which is renewed every second.
SLOWNESS = 0.8
LEASE = 4


class SlowSession(socketserver.StreamRequestHandler):
    """One client's session, as RFC 5321 has it."""

    server: "SlowServer"

    def handle(self) -> None:
        self.say("220 slow.example")
        while line := self.rfile.readline().strip().upper():
            if line == b"DATA":
                self.say("354 Go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.say("250 Taken")
                self.server.taken += 1
            else:
                self.say("221 Goodbye" if line == b"QUIT" else "250 slow.example")

    def say(self, text: str) -> None:
        time.sleep(SLOWNESS)
        self.wfile.write(f"{text}\r\n".encode())


class SlowServer(socketserver.ThreadingTCPServer):
    """Counts the mails that it took."""

    daemon_threads = True
    taken = 0


@pytest.fixture
def mail_server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowServer]:
    """The server that mails are sent to, while senders give up the sooner."""
    monkeypatch.setattr(sending, "LEASE_SECONDS", LEASE)
    monkeypatch.setattr(sender, "RENEW_LEASES_EVERY_SECONDS", LEASE / 4)
    monkeypatch.setattr(lease_loop, "POLL_SECONDS", LEASE / 8)
    monkeypatch.setattr(sender, "CALL_TIMEOUT_SECONDS", LEASE * 0.8)
    settings.MAILS = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with database_of_its_own(f"slow{unique()}"), SlowServer(("127.0.0.1", 0), SlowSession) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[:2]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_mail_that_takes_longer_than_a_lease_is_sent_once_and_recorded(mail_server: SlowServer) -> None:
    async def two_senders() -> None:
        senders = [Sender(), Sender()]
        running = [asyncio.create_task(it.run()) for it in senders]
        await comes_true(sync_to_async(lambda: Delivery.objects.filter(pk=row.pk, state="sent").exists()))
        for it in senders:
            await it.shutdown()
        await asyncio.gather(*running)

    row = an_order_in(Status.IN_REVIEW).deliveries.get(template="received")
    asyncio.run(two_senders())
    row.refresh_from_db()
    assert (row.state, row.attempts, mail_server.taken) == ("sent", 1, 1)
