"""`GET /orders`: filters and pagination."""

import base64
import json
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from orders.api.fields import Email, Sku, whole_number
from orders.errors import InvalidOrder
from orders.ids import CODE_ALPHABET, CODE_LENGTH, normalise_code
from orders.lifecycle import Status
from orders.models import Order
from orders.selectors.clients import Sought

Place = tuple[datetime, UUID]


def _moment(value: object) -> object:
    if not isinstance(value, str) or "T" not in value.upper():
        raise ValueError("must be a time with a time zone, such as 2026-11-23T07:30:00Z")
    return value


def _within_reach(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return datetime(1, 1, 1, tzinfo=UTC) if value.year == 1 else datetime(9999, 12, 31, tzinfo=UTC)


def _code(value: str) -> str:
    code = normalise_code(value)
    letters = code.replace("-", "")
    if len(letters) != CODE_LENGTH or not set(letters) <= set(CODE_ALPHABET):
        raise ValueError("must be an order's code, such as ABC-DEF-GHJ")
    return code


_THREE_LETTERS = f"[{CODE_ALPHABET}{CODE_ALPHABET[8:].lower()}]{{3}}"
Code = Annotated[
    str,
    StringConstraints(max_length=40),
    AfterValidator(_code),
    WithJsonSchema({"type": "string", "pattern": f"^{_THREE_LETTERS}-?{_THREE_LETTERS}-?{_THREE_LETTERS}$"}),
]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_within_reach)]


class NamedQuery(BaseModel):
    """The parameters of a request. Unknown ones are refused: a misspelt filter would silently return everything."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _with_all_that_was_sent(cls, known: dict[str, object], info: ValidationInfo) -> dict[str, object]:
        """Adds the unknown parameters, which the framework leaves out."""
        return {**info.context["request"].GET.dict(), **known}  # type: ignore[index]


class OrdersQuery(NamedQuery):
    """Filters and pagination."""

    status: list[Status] = Field([], max_length=len(Status), description="Repeat the parameter for several statuses.")
    created_after: Moment | None = Field(None, description="Created at this time or later.")
    created_before: Moment | None = Field(None, description="Created before this time.")
    updated_after: Moment | None = Field(None, description="Last changed at this time or later.")
    updated_before: Moment | None = Field(None, description="Last changed before this time.")
    customer_email: Email | None = Field(None, description="The complete address, in any case; encode + as %2B.")
    code: Code | None = Field(None, description="The order's code, in any case.")
    sku: Sku | None = Field(None, description="Orders that contain this article.")
    needs_attention: Literal["true", "false"] | None = Field(None, description="Whether staff must act on the order.")
    limit: Annotated[int, BeforeValidator(whole_number), Field(ge=1, le=100)] = 20
    cursor: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="The `next_cursor` of the previous page."
    )

    def sought(self) -> Sought:
        """The filters for the selector."""
        return Sought(
            status=self.status,
            created_after=self.created_after,
            created_before=self.created_before,
            updated_after=self.updated_after,
            updated_before=self.updated_before,
            customer_email=self.customer_email,
            code=self.code,
            sku=self.sku,
            needs_attention=None if self.needs_attention is None else self.needs_attention == "true",
        )


def place_of(cursor: str | None) -> Place | None:
    """The last order of the previous page.

    Raises:
        InvalidOrder: the cursor is invalid.
    """
    if not cursor:
        return None
    try:
        moment, order_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(order_id)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise InvalidOrder({"cursor": "must be the next_cursor of an earlier response"}) from None


def cursor_after(order: Order) -> str:
    """An opaque cursor for the position after this order; it contains only what a list of orders shows."""
    return base64.urlsafe_b64encode(json.dumps([order.created_at.isoformat(), str(order.pk)]).encode()).decode()
