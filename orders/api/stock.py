"""Routes for stock levels."""

import base64
import json
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Path, Query, Router, Schema
from pydantic import BeforeValidator, Field, StrictInt, StringConstraints

from orders.api.auth import STOCK, actor_of, client_of
from orders.api.fields import Level, Reason, Sku, text_of, whole_number
from orders.api.listing import NamedQuery
from orders.api.orders import PROBLEMS, WRITING, Key
from orders.api.outcomes import once, replayable
from orders.api.problem_kinds import KINDS
from orders.api.problems import problem
from orders.api.schemas import Body
from orders.errors import InvalidOrder, StockChanged
from orders.models import StockLevel
from orders.selectors.stock import level_of, levels
from orders.services.commands import idempotency
from orders.services.commands.issue import issue_for_waiting
from orders.services.stock import corrections

router = Router(tags=["stock"])

MAX_PIECES = 1_000_000
Pieces = Annotated[StrictInt, Field(ge=0, le=MAX_PIECES)]


class LevelOut(Schema):
    """How many pieces of a sku lie at a location. `available` is what is not reserved for orders."""

    sku: str
    location: str
    on_hand: int
    reserved: int
    available: int
    reorder_point: int
    bin: str
    version: int


class LevelsOut(Schema):
    """One page of stock levels."""

    levels: list[LevelOut]
    next_cursor: str | None


class LevelIn(Body):
    """What is on hand, as somebody counted it."""

    location: Level = "main"
    on_hand: Pieces
    version: Pieces = Field(description="The version that was read; 0 for a sku without a level at this location.")
    reorder_point: Pieces | None = None
    bin: Annotated[str, *text_of(40)] | None = None


class AdjustmentIn(Body):
    """A change of what is on hand."""

    sku: Sku
    location: Level = "main"
    delta: Annotated[StrictInt, Field(ge=-MAX_PIECES, le=MAX_PIECES)]
    kind: Literal["received", "adjusted", "counted"] = "adjusted"
    reason: Reason = ""


class StockQuery(NamedQuery):
    """Filters and pagination."""

    sku: Sku | None = None
    location: Level | None = None
    low: Literal["true", "false"] | None = Field(None, description="At the reorder point or below.")
    limit: Annotated[int, BeforeValidator(whole_number), Field(ge=1, le=100)] = 20
    cursor: Annotated[str, StringConstraints(max_length=500)] | None = Field(
        None, description="The `next_cursor` of the previous page."
    )


@router.get(
    "/stock",
    auth=STOCK,
    response={200: LevelsOut, **PROBLEMS},
    summary="List stock levels",
    operation_id="list_stock",
)
def show_all(request: HttpRequest, query: Query[StockQuery]) -> LevelsOut:  # noqa: ARG001 - given by this name
    """Returns stock levels by sku and location, one page at a time. All filters must match."""
    found = levels(
        sku=query.sku,
        location=query.location,
        low=query.low == "true",
        after=_place_of(query.cursor),
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    return LevelsOut(
        levels=[LevelOut(**_shown(level)) for level in page],
        next_cursor=_cursor_after(page[-1]) if len(found) > query.limit else None,
    )


# Before `/stock/{sku}`: the first path that matches is taken.
@router.post(
    "/stock/adjustments",
    auth=STOCK,
    response={201: LevelOut, **WRITING},
    summary="Adjust a stock level",
    operation_id="adjust_stock",
)
def adjust(request: HttpRequest, body: AdjustmentIn, idempotency_key: Key = "") -> HttpResponse:
    """Adds to what is on hand, or takes from it. What arrives is reserved for the orders that waited longest."""

    def effect() -> idempotency.Answer:
        changed = body.model_dump(mode="json")
        level = corrections.adjust(**changed, actor=actor_of(client_of(request)))
        return idempotency.Answer(201, _shown(level))

    answer = once(request, idempotency_key, body.model_dump(mode="json"), effect)
    issue_for_waiting([body.sku])
    return replayable(JsonResponse(answer.body, status=answer.status), answer)


@router.put(
    "/stock/{sku}",
    auth=STOCK,
    response={200: LevelOut, **WRITING},
    summary="Set a stock level",
    operation_id="set_stock",
)
def set_level(request: HttpRequest, sku: Path[Sku], body: LevelIn, idempotency_key: Key = "") -> HttpResponse:
    """Sets what is on hand at a location, if the level still has the version that was read."""

    def effect() -> idempotency.Answer:
        level = corrections.set_level(
            sku=sku,
            location=body.location,
            on_hand=body.on_hand,
            version=body.version,
            reorder_point=body.reorder_point,
            bin_=body.bin,
            actor=actor_of(client_of(request)),
        )
        return idempotency.Answer(200, _shown(level))

    try:
        answer = once(request, idempotency_key, body.model_dump(mode="json"), effect)
    except StockChanged as error:
        now = level_of(sku, body.location)
        return problem(request, KINDS[error.code], error.message, level=_shown(now) if now else None)
    issue_for_waiting([sku])
    return replayable(JsonResponse(answer.body, status=answer.status), answer)


def _shown(level: StockLevel) -> dict[str, Any]:
    return {
        "sku": level.sku,
        "location": level.location.code,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "available": level.available,
        "reorder_point": level.reorder_point,
        "bin": level.bin,
        "version": level.version,
    }


def _place_of(cursor: str | None) -> tuple[str, str] | None:
    if not cursor:
        return None
    try:
        sku, location = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError, RecursionError):
        raise InvalidOrder({"cursor": "must be the next_cursor of an earlier response"}) from None
    if not (isinstance(sku, str) and isinstance(location, str)) or "\0" in sku + location:
        raise InvalidOrder({"cursor": "must be the next_cursor of an earlier response"})
    return sku, location


def _cursor_after(level: StockLevel) -> str:
    return base64.urlsafe_b64encode(json.dumps([level.sku, level.location.code]).encode()).decode()
