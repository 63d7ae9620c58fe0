"""A warehouse or label service that is asked by signed webhooks: `label.requested` and `label.voided`."""

import json
import time
from typing import Any

from orders.errors import AddressRefused, BookingRefused, GatewayUnavailable
from orders.gateways.carriers.protocol import Label
from orders.gateways.signing import sign
from orders.gateways.webhooks import HttpWebhooks

MAX_ANSWER_BYTES = 64_000
MAX_NUMBER, MAX_DETAIL = 100, 200
USER_AGENT = "Orderlife-Labels/1"
ACCEPTED, REFUSED = 202, 422


class WebhookCarrier:
    """Posts what is wanted under the shipment's key, which is the message's `webhook-id`: the service answers it once.

    200 with a tracking number is a label; 202 means "not yet": it is asked again under the same key. 422 is a refusal.
    Anything else, and no answer, is an outage.
    """

    name = "webhook"

    def __init__(self, url: str, secret: str, *, timeout: float, allow_private: bool) -> None:
        """`timeout`: seconds for a whole call."""
        self._url, self._secret = url, secret
        self._http = HttpWebhooks(allow_private=allow_private, deadline=timeout, excerpt=MAX_ANSWER_BYTES)

    def supports(self, service_level: str) -> bool:  # noqa: ARG002 - of the protocol
        return False

    def offered_level(self, service_level: str) -> str:
        return service_level

    def book(
        self, *, key: str, order_id: str, carrier: str, service_level: str, weight: int, address: dict[str, str]
    ) -> Label:
        parcel = {"carrier": carrier, "service_level": service_level, "weight": weight, "address": address}
        status, answer = self._call("label.requested", key, {"key": key, "order_id": order_id, **parcel})
        if status == REFUSED:
            raise BookingRefused(_text(answer, "detail", MAX_DETAIL) or "The carrier does not take this parcel.")
        if status == ACCEPTED:
            raise GatewayUnavailable("The carrier has not made the label yet.")
        return _label(answer)

    def void(self, *, key: str, order_id: str) -> Label:
        status, answer = self._call("label.voided", f"void-{key}", {"key": key, "order_id": order_id})
        if status in (ACCEPTED, REFUSED):
            raise GatewayUnavailable("The carrier has not voided the label yet.")
        return Label(tracking_number=_text(answer, "tracking_number", MAX_NUMBER), voided=True)

    def delivery_reported_at_handover(self, service_level: str) -> bool | None:  # noqa: ARG002 - of the protocol
        return None

    def _call(self, kind: str, message_id: str, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The answer's status, one of 200, 202 and 422, and its object.

        Raises:
            GatewayUnavailable: no answer, or another one.
        """
        body = json.dumps({"type": kind, "data": data}, separators=(",", ":")).encode()
        sent_at = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": message_id,
            "webhook-timestamp": sent_at,
            "webhook-signature": sign(self._secret, message_id, sent_at, body),
        }
        try:
            answer = self._http.post(self._url, headers=headers, body=body)
        except AddressRefused as refused:
            raise GatewayUnavailable(f"CARRIER_WEBHOOK_URL {refused.message}.") from None
        if answer.status not in (200, ACCEPTED, REFUSED):
            raise GatewayUnavailable(f"The carrier answered {answer.status}.")
        try:
            content = json.loads(answer.excerpt or "{}")
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise GatewayUnavailable("The carrier's answer is no JSON object.")
        return answer.status, content


def _label(answer: dict[str, Any]) -> Label:
    if answer.get("voided") is True:
        return Label(voided=True)
    number = _text(answer, "tracking_number", MAX_NUMBER)
    if not number:
        raise GatewayUnavailable("The carrier's answer has no tracking number.")
    return Label(tracking_number=number)


def _text(answer: dict[str, Any], name: str, most: int) -> str:
    """A printable text of at most `most` characters; empty if there is none."""
    value = answer.get(name)
    is_fit = isinstance(value, str) and len(value) <= most and value.isprintable()
    return str(value).strip() if is_fit else ""
