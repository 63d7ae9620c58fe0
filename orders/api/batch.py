"""`POST /orders/batch`: many orders in one request, each placed or refused by itself."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router, Schema
from pydantic import AfterValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from orders.api.auth import WRITE, client_of
from orders.api.fields import without_card_number
from orders.api.orders import PROBLEMS
from orders.api.outcomes import refused
from orders.api.placing import place_once, placed_body
from orders.api.problems import of_error, of_faults, unexpected
from orders.api.results import PlacedOut, ProblemOut
from orders.api.schemas import Body, OrderIn
from orders.errors import InvalidOrder, OrderError, TooManyRequests
from orders.outages import is_away
from orders.services.customers.api_access import count_requests
from orders.slots import Slots

router = Router(tags=["orders"])

MAX_ORDERS = 100
# A batch keeps a thread for a second and more.
_batches = Slots(4, for_one_client=2)
RETRY_AFTER_SECONDS = 2
# What a header can hold: an order of a batch can be sent again by itself.
_KEY = r"[!-~]([ -~]*[!-~])?"


def _as_in_a_header(value: str) -> str:
    if not re.fullmatch(_KEY, value):
        raise ValueError("must be of ASCII characters, as in the header Idempotency-Key")
    return value


class BatchItem(Body):
    """An order to place. `order` is what `POST /orders` takes."""

    idempotency_key: Annotated[
        str,
        AfterValidator(without_card_number),
        AfterValidator(_as_in_a_header),
        Field(
            strict=True,
            min_length=1,
            max_length=255,
            description="Makes the order safe to send again, in any batch or by POST /orders.",
            json_schema_extra={"pattern": f"^{_KEY}$"},
        ),
    ]
    order: OrderIn


class Faults:
    """In the place of an item that is not valid: its faults."""

    def __init__(self, error: ValidationError) -> None:
        self._found = error.errors(include_url=False, include_context=False, include_input=False)

    def below(self, position: int) -> list[dict[str, Any]]:
        """The faults, their places as in the whole body."""
        return [{**fault, "loc": _place(position, *fault["loc"])} for fault in self._found]


def _valid_or_faults(value: object, validate: ValidatorFunctionWrapHandler) -> BatchItem | Faults:
    """The item; its faults are no faults of the batch."""
    try:
        item: BatchItem = validate(value)
    except ValidationError as error:
        return Faults(error)
    return item


class BatchIn(Body):
    """Orders to place, each with a key of its own."""

    orders: Annotated[
        list[Annotated[BatchItem, WrapValidator(_valid_or_faults)]], Field(min_length=1, max_length=MAX_ORDERS)
    ]


class BatchPlaced(Schema):
    """An order of the batch that was accepted and stored."""

    status: Literal[201]
    replayed: bool = Field(description="Whether it had been placed before, with this key.")
    order: PlacedOut


class BatchRefused(Schema):
    """An order of the batch that was not placed. `status` is what `POST /orders` would have answered."""

    status: int
    replayed: bool = Field(description="Whether this answer is stored under the key.")
    problem: ProblemOut


class BatchOut(Schema):
    """A result for each order, in the order in which they were sent."""

    results: list[BatchPlaced | BatchRefused]


@router.post(
    "/orders/batch",
    auth=WRITE,
    response={200: BatchOut, **PROBLEMS, **dict.fromkeys((400, 413, 415), ProblemOut)},
    summary="Place many orders",
    operation_id="place_orders",
)
def place_batch(request: HttpRequest, body: BatchIn) -> HttpResponse:
    """Places up to 100 orders, one after the other, each by itself: an order that is refused stops no other.

    The request can be repeated as a whole: orders that were placed are not placed again. Each order counts as a request
    for the rate limit.
    """
    client = client_of(request)
    with _batches.taken(str(client.pk)) as is_free:
        if not is_free:
            raise TooManyRequests("Too many batches are being processed.", retry_after=RETRY_AFTER_SECONDS)
        count_requests(client, len(body.orders) - 1)  # one is counted already
        return JsonResponse({"results": list(_results(request, body.orders))})


def _results(request: HttpRequest, items: Sequence[BatchItem | Faults]) -> Iterator[dict[str, Any]]:
    first_with: dict[str, int] = {}
    for position, item in enumerate(items):
        if isinstance(item, Faults):
            yield _refusal(of_faults(request, item.below(position)))
            continue
        first = first_with.setdefault(item.idempotency_key, position)
        if first == position:
            yield _result(request, position, item)
        else:
            fault = {"loc": _place(position, "idempotency_key"), "type": "", "msg": f"is the key of /orders/{first}"}
            yield _refusal(of_faults(request, [fault]))


def _result(request: HttpRequest, position: int, item: BatchItem) -> dict[str, Any]:
    try:
        answer = place_once(client_of(request), item.order, item.idempotency_key)
    except InvalidOrder as error:
        below = {f"/orders/{position}/order{pointer}": text for pointer, text in error.errors.items()}
        return _refusal(of_error(request, InvalidOrder(below)))
    except OrderError as error:
        return _refusal(of_error(request, error))
    except Exception as error:
        # Without PostgreSQL the batch as a whole is answered 503.
        if is_away(error):
            raise
        return _refusal(unexpected(request, error))
    placed = placed_body(answer)
    if placed is None:
        return _refusal(refused(request, answer), replayed=answer.replayed)
    return {"status": answer.status, "replayed": answer.replayed, "order": placed}


def _refusal(response: HttpResponse, *, replayed: bool = False) -> dict[str, Any]:
    return {"status": response.status_code, "replayed": replayed, "problem": json.loads(response.content)}


def _place(position: int, *within: str | int) -> tuple[str | int, ...]:
    """A place in the item, as the framework names places in a body."""
    return ("body", "body", "orders", position, *within)
