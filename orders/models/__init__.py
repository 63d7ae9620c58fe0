"""The tables."""

from orders.models.access import AccessCode, LostLinkRequest, ThrottleWindow
from orders.models.bulk import BulkItem, BulkRun
from orders.models.carriers import Carrier, CarrierService
from orders.models.checkouts import BankTransfer, CheckoutPayment
from orders.models.clients import ApiClient, ApiKey, IdempotencyKey
from orders.models.commands import Command
from orders.models.deliveries import Delivery, DeliveryAttempt, WebhookEndpoint
from orders.models.discrepancies import PaymentDiscrepancy
from orders.models.events import Event
from orders.models.orders import Order, OrderItem
from orders.models.payments import Payment, Refund
from orders.models.returns import Return, ReturnItem
from orders.models.shipments import Shipment
from orders.models.staff import Approval, BlockedCustomer, Note, ReviewClaim, SavedView, SkuLimit
from orders.models.webhooks import WebhookEvent

__all__ = [
    "AccessCode",
    "ApiClient",
    "ApiKey",
    "Approval",
    "BankTransfer",
    "BlockedCustomer",
    "BulkItem",
    "BulkRun",
    "Carrier",
    "CarrierService",
    "CheckoutPayment",
    "Command",
    "Delivery",
    "DeliveryAttempt",
    "Event",
    "IdempotencyKey",
    "LostLinkRequest",
    "Note",
    "Order",
    "OrderItem",
    "Payment",
    "PaymentDiscrepancy",
    "Refund",
    "Return",
    "ReturnItem",
    "ReviewClaim",
    "SavedView",
    "Shipment",
    "SkuLimit",
    "ThrottleWindow",
    "WebhookEndpoint",
    "WebhookEvent",
]
