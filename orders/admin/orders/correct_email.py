"""The page on which staff put a mistyped e-mail address right."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from orders import ids
from orders.actors import Actor
from orders.admin.orders.consequence_text import Consequences
from orders.admin.orders.order_actions import Action, view_or_404
from orders.admin.plain_admin import ModelAdmin, ensure
from orders.errors import OrderError
from orders.form_fields import EmailField
from orders.models import Order
from orders.services.customers.email_correction import correct_email

RIGHT = "orders.correct_email_order"
WILL = Consequences(
    button="Correct email address",
    will=[
        "Emails about this order will go to the new address.",
        "Earlier links and codes stop working. A new link is sent to the new address.",
    ],
    will_not=["The customer's other orders keep their address.", "The addresses do not appear in the timeline."],
)


class EmailForm(forms.Form):
    """The right address; beside it the one that the person saw, and the id that makes two clicks one correction."""

    correction = forms.UUIDField(widget=forms.HiddenInput)
    was = forms.CharField(max_length=254, widget=forms.HiddenInput)
    email = EmailField(max_length=254, label="Email address", widget=forms.EmailInput(attrs={"autocomplete": "off"}))

    def clean(self) -> dict[str, Any]:
        """Refuse what would change nothing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("email") and cleaned["email"] == cleaned.get("was"):
            self.add_error("email", "The order already has this address.")
        return cleaned


@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, model_admin: ModelAdmin[Order], *, order_id: UUID) -> HttpResponse:
    """Show the form, or take it and go back to the order."""
    ensure(request, RIGHT)
    order = view_or_404(order_id).order
    known = {"correction": ids.uuid7(), "was": order.customer_email, "email": order.customer_email}
    form = EmailForm(request.POST if request.method == "POST" else None, initial=known)
    if not form.is_valid():
        return _page(request, model_admin, order, form)
    try:
        correct_email(order.pk, actor=Actor.STAFF.named(request.user.pk), **form.cleaned_data)
    except OrderError as error:
        messages.error(request, f"{order.code}: {error.message}")
    else:
        messages.success(request, f"{order.code}: the email address was corrected and a new link was sent.")
    return redirect("admin:orders_order_change", order.pk)


def _page(request: HttpRequest, model_admin: ModelAdmin[Order], order: Order, form: EmailForm) -> HttpResponse:
    action = Action(label="Correct email address")
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{action.label}: {order.code}",
        "opts": model_admin.opts,
        "order": order,
        "action": action,
        "consequences": WILL,
        "form": form,
    }
    return TemplateResponse(request, "admin/orders/order/action.html", context)
