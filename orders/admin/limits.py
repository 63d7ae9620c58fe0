"""Whom we do not sell to, and how many of an article: staff's own data, edited by Django's own forms."""

from django.db import models

from orders.admin.plain_admin import ModelAdmin
from orders.form_fields import SkuField
from orders.models import BlockedCustomer, SkuLimit


class BlockedCustomerAdmin(ModelAdmin[BlockedCustomer]):
    """New orders from these addresses end as invalid."""

    list_display = ("email", "reason", "created_at")
    search_fields = ("email__istartswith",)


class SkuLimitAdmin(ModelAdmin[SkuLimit]):
    """New orders above these quantities end as invalid."""

    formfield_overrides = {models.CharField: {"form_class": SkuField}}
    list_display = ("sku", "max_quantity")
    search_fields = ("sku__startswith",)
