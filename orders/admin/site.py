"""Django's admin under our title, with what needs action on top."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import urlencode

from orders.admin.bulk.runs import BulkRunAdmin
from orders.admin.carriers.carriers import CarrierAdmin
from orders.admin.clients.api_clients import ApiClientAdmin
from orders.admin.clients.deliveries import DeliveryAdmin
from orders.admin.clients.webhook_endpoints import EndpointAdmin
from orders.admin.dashboard import panels, reports, system_status
from orders.admin.limits import BlockedCustomerAdmin, SkuLimitAdmin
from orders.admin.next_page import is_page_of_ours
from orders.admin.orders.commands import CommandAdmin
from orders.admin.orders.orders import OrderAdmin
from orders.admin.payments.discrepancies import DiscrepancyAdmin
from orders.admin.people.second_factor import is_wanting, second_factor
from orders.admin.people.sign_in import SignInForm, one_of_few, sign_in
from orders.admin.plain_admin import NORMALISED
from orders.admin.returns.return_list import ReturnAdmin
from orders.admin.review.approvals import ApprovalAdmin
from orders.commands import Kind
from orders.models import (
    ApiClient,
    Approval,
    BlockedCustomer,
    BulkRun,
    Carrier,
    Command,
    Delivery,
    Order,
    PaymentDiscrepancy,
    Return,
    SkuLimit,
    WebhookEndpoint,
)
from orders.roles import right_to
from orders.selectors.dashboard import open_orders
from orders.selectors.review_queue import waiting_for_review

# Where the admin says it otherwise than Django makes it of the class. In `Meta` each would need a migration.
NAMES: dict[type[Model], tuple[str, str]] = {
    ApiClient: ("API client", "API clients"),
    Command: ("command", "activity"),
    SkuLimit: ("SKU limit", "SKU limits"),
}


class OrderlifeAdminSite(AdminSite):
    """Where staff work."""

    site_header = site_title = "Orderlife"
    index_title = "Dashboard"
    site_url = None
    login_form = SignInForm
    # Five tables need no menu beside every page; orders need the room.
    enable_nav_sidebar = False

    def __init__(self, name: str = "admin") -> None:
        """The screens are listed here: Django makes the site before it looks for decorators that would need it."""
        super().__init__(name)
        for model, names in NAMES.items():
            model._meta.verbose_name, model._meta.verbose_name_plural = names
        self.register(Order, OrderAdmin)
        self.register(Command, CommandAdmin)
        self.register(BulkRun, BulkRunAdmin)
        self.register(Return, ReturnAdmin)
        self.register(Delivery, DeliveryAdmin)
        self.register(Approval, ApprovalAdmin)
        self.register(PaymentDiscrepancy, DiscrepancyAdmin)
        self.register(BlockedCustomer, BlockedCustomerAdmin)
        self.register(SkuLimit, SkuLimitAdmin)
        self.register(Carrier, CarrierAdmin)
        self.register(ApiClient, ApiClientAdmin)
        self.register(WebhookEndpoint, EndpointAdmin)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Django's, but for its widget of two lists, which screen readers cannot use, and for its texts."""
        if getattr(admin_class, "filter_horizontal", ()):
            options["filter_horizontal"] = ()
        if admin_class and not admin_class.formfield_overrides:
            options["formfield_overrides"] = NORMALISED
        super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Django's addresses, before them those that serve also who has given no second factor yet."""
        return [
            path("second-factor/", self.second_factor_view, name="second_factor"),
            path("logout/", self.logout, name="logout"),
            # No row has a page outside the admin: Django's address that leads there takes any table and any id.
            *(route for route in super().get_urls() if getattr(route, "name", None) != "view_on_site"),
        ]

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff who have given their second factor, where one is asked for."""
        return super().has_permission(request) and not is_wanting(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's page; who has given the password goes on to the second factor."""
        if is_wanting(request):
            query = urlencode({REDIRECT_FIELD_NAME: request.GET.get(REDIRECT_FIELD_NAME, "")})
            return redirect(f"{reverse('admin:second_factor')}?{query}")
        if request.method != "POST":
            return _within(super().login(request, extra_context))
        return sign_in(request, lambda: _within(super(OrderlifeAdminSite, self).login(request, extra_context)))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override] # the stubs forget that it redirects
        """Django's page; it checks the old password, and hashes the new one."""
        if request.method != "POST":
            return super().password_change(request, extra_context)
        return one_of_few(request, lambda: super(OrderlifeAdminSite, self).password_change(request, extra_context))

    def second_factor_view(self, request: HttpRequest) -> HttpResponse:
        """Where it is given or set up."""
        return second_factor(request, self)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The dashboard for those who may see orders, then Django's list of tables."""
        may = getattr(request.user, "has_perm", lambda _: False)
        if not may("orders.view_order"):
            return super().index(request, extra_context)
        standing = open_orders()
        shown = {
            "panels": panels(standing, may),
            "to_review": waiting_for_review() if may(right_to(Kind.APPROVE)) else 0,
            "reports": reports(standing),
            "system_status": system_status(may),
        }
        return super().index(request, {**shown, **(extra_context or {})})


def _within(answer: HttpResponse) -> HttpResponse:
    """Django's answer to a login; where it leads to no page of ours, to the dashboard."""
    if isinstance(answer, HttpResponseRedirect) and not is_page_of_ours(answer.url):
        return HttpResponseRedirect(reverse("admin:index"))
    return answer
