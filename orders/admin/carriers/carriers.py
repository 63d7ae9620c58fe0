"""Carriers and their services: which parcels they take, how fast they are, and where they tell of a parcel."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from orders.admin.plain_admin import NORMALISED, ModelAdmin, TabularInline
from orders.models import Carrier, CarrierService, Shipment
from orders.models.carriers import forget_carriers, tracking_link

EXAMPLE_NUMBER = "EX 123/456"


class ServiceInline(TabularInline[CarrierService, Carrier]):
    """The service levels of a carrier."""

    model = CarrierService
    formfield_overrides = NORMALISED
    extra = 0


class CarrierAdmin(ModelAdmin[Carrier]):
    """Who carries parcels, in order of preference."""

    list_display = ("name", "code", "position", "is_active", "tracking_link")
    list_filter = ("is_active",)
    search_fields = ("code__startswith", "name__istartswith")
    fields = ("code", "name", "position", "is_active", "tracking_link", "link_preview")
    inlines = (ServiceInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Carrier | None = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's signature
        """Shipments name a carrier by its code, so that it stays."""
        return ("code", "link_preview") if obj else ("link_preview",)

    def link_preview(self, carrier: Carrier) -> str:
        """The saved tracking link, with a number filled in."""
        link = tracking_link(carrier.code, EXAMPLE_NUMBER) if carrier.pk else ""
        return format_html('<a href="{}" rel="noreferrer">{}</a>', link, link) if link else "–"

    link_preview.short_description = "Tracking link, for example"  # type: ignore[attr-defined] # Django's way

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Django's answer, with the carriers that shipments name among what must stay."""
        to_delete, counts, missing, kept = super().get_deleted_objects(objs, request)
        return to_delete, counts, missing, [*kept, *map(_why_kept, _named_by_shipments(objs))]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Carrier]) -> None:
        super().delete_queryset(request, queryset)
        forget_carriers()


def _named_by_shipments(carriers: Any) -> list[Carrier]:
    return [carrier for carrier in carriers if Shipment.objects.filter(carrier=carrier.code).exists()]


def _why_kept(carrier: Carrier) -> str:
    return f"{carrier.name}: shipments name this carrier. Make it inactive instead of deleting it."
