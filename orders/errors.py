"""What can go wrong, for people and for programs. Each edge (API, admin, activities) maps this tree once."""


class OrderError(Exception):
    """Something the caller asked for cannot be done.

    Attributes:
        code: names the kind of error, stable, for programs.
        message: a sentence for a person, without personal data.
        retryable: the same call may succeed later, so that a step of the process is retried without limit.
    """

    code = "order_error"
    retryable = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class OrderNotFound(OrderError):
    """No order has this id, or the caller may not see it."""

    code = "order_not_found"


class CommandNotFound(OrderError):
    """No command of this order has this id."""

    code = "command_not_found"


class DeliveryNotFound(OrderError):
    """No delivery has this id."""

    code = "delivery_not_found"


class EndpointNotFound(OrderError):
    """No webhook endpoint of this client has this id."""

    code = "endpoint_not_found"


class ReturnNotFound(OrderError):
    """No return of this order has this id."""

    code = "return_not_found"


class OutOfStock(OrderError):
    """There is less of some skus than an order asks for. `shortages`: each sku with what was requested and is left."""

    code = "out_of_stock"

    def __init__(self, shortages: "list[tuple[str, int, int]]") -> None:
        left = ", ".join(f"{available} of {sku} (requested: {requested})" for sku, requested, available in shortages)
        super().__init__(f"There is not enough stock. Left: {left}.")
        self.shortages = shortages


class StockChanged(OrderError):
    """A stock level has another version than the one that was seen."""

    code = "stock_changed"


class StockRefused(OrderError):
    """A stock level cannot be changed like this: less would be on hand than is reserved, or the location is unknown."""

    code = "stock_refused"


class CommandRefused(OrderError):
    """The order does not accept this command where it stands; the command is rejected with this message."""

    code = "command_refused"


class OrderMoved(OrderError):
    """Something happened to the order after the person looked at it."""

    code = "order_moved"


class ClaimedByAnother(OrderError):
    """A colleague works on the order."""

    code = "claimed_by_another"


class NotInReview(OrderError):
    """The order has left its review."""

    code = "not_in_review"


class ApprovalNotFound(OrderError):
    """Nothing of this id was asked for."""

    code = "approval_not_found"


class AlreadyDecided(OrderError):
    """Somebody else was first."""

    code = "already_decided"


class DiscrepancyNotFound(OrderError):
    """No payment discrepancy has this id."""

    code = "discrepancy_not_found"


class AlreadyResolved(OrderError):
    """The payment discrepancy is not open any more: somebody resolved it, or the reconciliation repaired it."""

    code = "already_resolved"


class NoteRefused(OrderError):
    """A note is empty or too long."""

    code = "note_refused"


class OwnRequest(OrderError):
    """Who asked for it, or issued a key of the API client that asked, cannot be the second person."""

    code = "own_request"


class BulkRunNotFound(OrderError):
    """No bulk run has this id."""

    code = "bulk_run_not_found"


class NotYourRun(OrderError):
    """Only who made the plan of a bulk run may confirm it."""

    code = "not_your_run"


class TooManyOrders(OrderError):
    """More orders than one run may take."""

    code = "too_many_orders"


class CommandIdTaken(OrderError):
    """The id of a command was used before, for another order or another kind."""

    code = "command_id_taken"


class ReferenceTaken(OrderError):
    """The shop has used this reference for another order."""

    code = "reference_taken"


class PaymentTaken(OrderError):
    """This payment of the gateway pays for another order."""

    code = "payment_taken"


class InvalidOrder(OrderError):
    """An order is not formed as it must be. `errors` maps a JSON pointer to a sentence."""

    code = "invalid_order"

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


class IdempotencyKeyInFlight(OrderError):
    """The same request is under way at this moment."""

    code = "idempotency_key_in_flight"
    retryable = True


class IdempotencyKeyReused(OrderError):
    """An idempotency key was sent a second time, with another request."""

    code = "idempotency_key_reused"


class TooManyOpenCommands(OrderError):
    """The order has as many commands that are not settled as it may have from one who sends them by program."""

    code = "too_many_open_commands"
    retryable = True


class TooManyRequests(OrderError):
    """A client sent more requests than it may. `retry_after` is in seconds."""

    code = "too_many_requests"
    retryable = True

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SignatureRefused(OrderError):
    """A webhook is not signed by whom it claims to come from, or not at this time."""

    code = "bad_signature"


class UnknownSender(OrderError):
    """A webhook claims to come from a sender that we do not know."""

    code = "not_found"


class TransitionRefused(OrderError):
    """The state machine has no such transition: a fault of ours, never a person's."""

    code = "transition_refused"


class GatewayUnavailable(OrderError):
    """An outside system did not answer, or not in time. What it did is unknown: ask it about the key."""

    code = "gateway_unavailable"
    retryable = True


class AddressRefused(OrderError):
    """A webhook's URL leads where we do not call: into a private network, or not over TLS."""

    code = "address_refused"


class MailRefused(OrderError):
    """A mail that nobody will ever take, or that has nothing to say any more."""

    code = "mail_refused"


class PaymentRefused(OrderError):
    """The payment gateway takes no such payment: the method is unknown to it, or the amount or currency is.

    `reason` names it for programs; the message is a sentence for the customer.
    """

    code = "payment_refused"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class CaptureRefused(OrderError):
    """The payment gateway refuses to capture for good: the authorisation lapsed, was voided, or is for less."""

    code = "capture_refused"


class RefundRefused(OrderError):
    """The payment gateway refuses this refund for good; a person has to act."""

    code = "refund_refused"


class BookingRefused(OrderError):
    """The carrier refuses this parcel for good."""

    code = "booking_refused"


class AnchorsUnusable(OrderError):
    """Events cannot be anchored, or the anchors cannot be read: no key, or a file that does not allow it."""

    code = "anchors_unusable"
