"""What was sent to shops and customers, what was not, and why; sent again from here or from the order's page."""

from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from orders.admin.lists import ListAdmin, OrderColumn, StateFilter
from orders.admin.next_page import next_page
from orders.admin.plain_admin import ReadOnly, TabularInline, ensure
from orders.errors import DeliveryNotFound
from orders.models import Delivery, DeliveryAttempt
from orders.selectors import deliveries as found
from orders.services.state.deliveries import send_again

SEND = "orders.send_delivery"


class DeliveryStateFilter(StateFilter):
    """What is not sent, unless something else is chosen or searched for."""

    states = Delivery.State.choices
    open_title = "Not sent"
    searches_all = True

    def open_rows(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return found.not_sent(rows)


class AttemptInline(ReadOnly, TabularInline[DeliveryAttempt, Delivery]):
    """Every attempt: when, what was answered, how long it took."""

    model = DeliveryAttempt
    template = "admin/orders/delivery/attempts.html"
    fields = readonly_fields = ("number", "at", "status", "error", "answer", "milliseconds")
    extra = 0
    verbose_name_plural = "attempts"

    def has_view_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:  # noqa: ARG002 - Django's signature
        """Whoever may see the delivery."""
        return bool(request.user.has_perm("orders.view_delivery"))


class DeliveryAdmin(OrderColumn, ListAdmin[Delivery]):
    """Nothing is changed here; what was sent, or was not, can be sent again."""

    list_display = ("what", "order_link", "channel", "recipient_column", "outcome", "attempts", "created_at")
    list_display_links = ("what",)
    list_filter = (DeliveryStateFilter, "channel")
    search_fields = ("order__code",)
    search_help_text = "Order number"
    ordering = ("-created_at",)
    actions = ("send_again_selected",)
    inlines = (AttemptInline,)
    fields = (
        "what",
        "order_link",
        "channel",
        "recipient_column",
        "state",
        "last_error",
        "attempts",
        "created_at",
        "available_at",
        "give_up_at",
        "sent_at",
        "id",
    )
    readonly_fields = fields
    change_form_template = "admin/orders/delivery/page.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """With what the list shows of each."""
        return found.with_what_they_need(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        """Where the button leads, before Django's."""
        view = self.admin_site.admin_view(self.send_again_view)
        return [path("<uuid:delivery_id>/send-again/", view, name="orders_delivery_send_again"), *super().get_urls()]

    def search(self, rows: QuerySet[Delivery], text: str) -> QuerySet[Delivery]:
        """By the whole number of an order."""
        return found.deliveries_found(rows, text)

    def send_again_view(self, request: HttpRequest, delivery_id: UUID) -> HttpResponse:
        """What the button does, here and on the order's page."""
        return again(request, delivery_id)

    @admin.action(description="Send selected deliveries again", permissions=["send"])
    def send_again_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Each of them once more."""
        ids = list(queryset.values_list("pk", flat=True))
        for delivery_id in ids:
            send_again(delivery_id)
        messages.success(request, f"{len(ids)} queued to be sent again.")

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Asked for by the action."""
        return bool(request.user.has_perm(SEND))

    @admin.display(description="message")
    def what(self, delivery: Delivery) -> str:
        """What it tells."""
        return found.what(delivery)

    @admin.display(description="to")
    def recipient_column(self, delivery: Delivery) -> str:
        """Where it goes."""
        return found.recipient(delivery)

    @admin.display(description="outcome")
    def outcome(self, delivery: Delivery) -> str:
        """How far it came."""
        return found.outcome(delivery)


@require_POST
def again(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Send a delivery again, and go back to the page that the button was on."""
    ensure(request, SEND)
    try:
        send_again(delivery_id)
    except DeliveryNotFound:
        raise Http404 from None
    messages.success(request, "Queued to be sent again.")
    default = reverse("admin:orders_delivery_change", args=[delivery_id])
    return HttpResponseRedirect(next_page(request, default=default))
