"""The stock Django admin under our title, with what needs a person on top."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse

from orders.admin.approvals import ApprovalAdmin
from orders.admin.clients import ApiClientAdmin
from orders.admin.commands import CommandAdmin
from orders.admin.dashboard import machinery, panels, reports
from orders.admin.deliveries import DeliveryAdmin
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
from orders.selectors.dashboard import open_orders
from orders.selectors.review_queue import waiting_for_review


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
        """The dashboard for those who may see orders, then the stock list of tables."""
        may = getattr(request.user, "has_perm", lambda _: False)
        if not may("orders.view_order"):
            return super().index(request, extra_context)
        standing = open_orders()
        seen = {
            "panels": panels(standing, may),
            "to_review": waiting_for_review(),
            "reports": reports(standing),
            "machinery": machinery(),
        }
        return super().index(request, {**seen, **(extra_context or {})})
