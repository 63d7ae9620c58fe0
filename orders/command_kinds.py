"""The kinds of commands, and how far a command has come."""

from enum import StrEnum


class Kind(StrEnum):
    """What a person, a shop or a timer may want of an order."""

    PLACE = "place"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    UPDATE_ADDRESS = "update_address"
    CANCEL_PAYMENT = "cancel_payment"
    RETRY_PAYMENT = "retry_payment"
    RETRY_SHIPPING = "retry_shipping"
    HOLD = "hold"
    RELEASE = "release"
    PICK = "pick"
    PACK = "pack"
    SHIP = "ship"
    DELIVER = "deliver"
    FAIL_DELIVERY = "fail_delivery"
    FAIL_PICKING = "fail_picking"
    RECORD_SCAN = "record_scan"
    SPLIT_SHIPMENT = "split_shipment"
    REFUND = "refund"
    RETRY_REFUND = "retry_refund"
    SETTLE_REFUND = "settle_refund"
    SETTLE_PAYMENT = "settle_payment"
    RECORD_PAYMENT = "record_payment"
    SEND_PAYMENT_LINK = "send_payment_link"
    RETRY_STEP = "retry_step"
    REQUEST_RETURN = "request_return"
    APPROVE_RETURN = "approve_return"
    REFUSE_RETURN = "refuse_return"
    RECEIVE_RETURN = "receive_return"
    UNKNOWN = "unknown"


class CommandState(StrEnum):
    """How far a command has come. The last two are final."""

    PENDING = "pending"
    DELIVERED = "delivered"
    APPLIED = "applied"
    REJECTED = "rejected"
