"""The stock Django admin under our title, with what needs a person on top."""

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from orders.admin.approvals import DECIDE, ApprovalAdmin
from orders.admin.clients import ApiClientAdmin
from orders.admin.commands import CommandAdmin
from orders.admin.deliveries import DeliveryAdmin
from orders.admin.durations import age
from orders.admin.endpoints import EndpointAdmin
from orders.admin.limits import BlockedCustomerAdmin, SkuLimitAdmin
from orders.admin.orders import OrderAdmin
from orders.admin.returns import ReturnAdmin
from orders.models import (
    ApiClient,
    Approval,
    BlockedCustomer,
    Command,
    Delivery,
    Order,
    Return,
    SkuLimit,
    WebhookEndpoint,
)
from orders.selectors import backoffice
from orders.selectors.approvals import approvals_waiting
from orders.selectors.returns import return_piles
from orders.selectors.review_queue import waiting_for_review


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One pile on the dashboard: `url` leads to exactly its orders."""

    title: str
    count: int
    oldest: str
    url: str


class OrderlifeAdminSite(AdminSite):
    """Where staff work."""

    site_header = site_title = "Orderlife"
    index_title = "Today"
    site_url = None
    # Five tables need no menu beside every page; orders need the room.
    enable_nav_sidebar = False

    def __init__(self, name: str = "admin") -> None:
        """The screens are listed here: Django makes the site before it looks for decorators that would need it."""
        super().__init__(name)
        self.register(Order, OrderAdmin)
        self.register(Command, CommandAdmin)
        self.register(Return, ReturnAdmin)
        self.register(Delivery, DeliveryAdmin)
        self.register(Approval, ApprovalAdmin)
        self.register(BlockedCustomer, BlockedCustomerAdmin)
        self.register(SkuLimit, SkuLimitAdmin)
        self.register(ApiClient, ApiClientAdmin)
        self.register(WebhookEndpoint, EndpointAdmin)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The dashboard: the piles for those who may see orders, then the stock list of tables."""
        may_see = getattr(request.user, "has_perm", lambda _: False)("orders.view_order")
        panels = [panel_of(pile) for pile in backoffice.piles()] + return_panels() if may_see else []
        if request.user.has_perm(DECIDE):
            panels.append(_approvals())
        to_review = waiting_for_review() if may_see else 0
        return super().index(request, {"panels": panels, "to_review": to_review, **(extra_context or {})})


def _approvals() -> Panel:
    """The pile of refunds that wait for a second person."""
    count, oldest = approvals_waiting()
    return Panel(
        title="Refunds to agree to",
        count=count,
        oldest=age(oldest) if oldest else "",
        url=reverse("admin:orders_approval_changelist"),
    )


def panel_of(pile: backoffice.Pile) -> Panel:
    """A pile with its words and its link."""
    query = {"status__exact": str(pile.status)} if pile.status else {"needs_attention__exact": "1"}
    return Panel(
        title=pile.status.in_words.capitalize() if pile.status else "Needs attention",
        count=pile.count,
        oldest=age(pile.oldest) if pile.oldest else "",
        url=f"{reverse('admin:orders_order_changelist')}?{urlencode(query)}",
    )


def return_panels() -> list[Panel]:
    """Returns that wait for a decision, and those that wait for their parcel."""
    titles = {"requested": "Returns to decide", "approved": "Returns on their way"}
    where = reverse("admin:orders_return_changelist")
    return [
        Panel(title=titles[state], count=count, oldest=age(oldest) if oldest else "", url=f"{where}?state={state}")
        for state, (count, oldest) in return_piles().items()
    ]
