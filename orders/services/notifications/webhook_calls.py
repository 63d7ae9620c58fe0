"""A webhook to a shop: its payload, its signature and the meaning of the response."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from orders.errors import AddressRefused
from orders.gateways.signing import sign
from orders.gateways.webhooks import webhook_caller
from orders.models import Delivery
from orders.services.notifications.outgoing import DeliveryResult, Reply
from orders.services.notifications.webhook_endpoints import signing_secrets

USER_AGENT = "Orderlife-Webhooks/1"
GONE = 410


@dataclass(frozen=True, kw_only=True)
class Call:
    """A webhook, ready to be signed and sent."""

    url: str
    body: bytes
    secrets: Sequence[str]

    def send(self, delivery_id: UUID, at: datetime) -> Reply:
        """Call the endpoint once, signed now with every secret that the client may hold.

        Raises:
            GatewayUnavailable: no response; it may have been received.
        """
        name, sent_at = str(delivery_id), str(int(at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": name,
            "webhook-timestamp": sent_at,
            "webhook-signature": " ".join(sign(secret, name, sent_at, self.body) for secret in self.secrets),
        }
        try:
            answer = webhook_caller().post(self.url, headers=headers, body=self.body)
        except AddressRefused as refused:
            return Reply(result=DeliveryResult.RETRY, error=f"Its URL {refused.message}.")
        if 200 <= answer.status < 300:
            return Reply(result=DeliveryResult.SENT, status=answer.status, answer=answer.excerpt)
        result = DeliveryResult.FAILED if answer.status == GONE else DeliveryResult.RETRY
        error = f"It answered {answer.status}."
        return Reply(
            result=result, status=answer.status, error=error, answer=answer.excerpt, gone=answer.status == GONE
        )


def call_of(row: Delivery) -> Call:
    """The webhook of this delivery, whose order, event and endpoint should be selected with it."""
    if row.endpoint is None:
        raise ValueError("a webhook without an endpoint")
    return Call(url=row.endpoint.url, body=payload(row), secrets=signing_secrets(row.endpoint, timezone.now()))


def payload(row: Delivery) -> bytes:
    """The body: the same bytes on every attempt, and no personal data."""
    event, order = row.event, row.order
    if event is None:
        raise ValueError("a webhook without an event")
    content = {
        "id": str(event.pk),
        "type": event.type,
        "seq": event.seq,
        "order_id": str(order.pk),
        "code": order.code,
        "reference": order.reference,
        "status": event.status,
        "data": event.data,
        "created_at": event.created_at.isoformat(),
    }
    return json.dumps(content, separators=(",", ":")).encode()
