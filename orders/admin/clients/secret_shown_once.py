"""Screens on which a save may make a secret: a key of the API, the secret of an endpoint."""

from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers

from orders.admin.plain_admin import ModelAdmin, NeverDeleted

Row = TypeVar("Row", bound=Model)


class SecretShownOnce(NeverDeleted, ModelAdmin[Row]):
    """The page after a save shows the secret that it made, once, and no cache keeps it. Such rows are switched off."""

    shown_title: str
    shown_template: str

    def new_secret(self, request: HttpRequest, row: Row) -> dict[str, Any] | None:
        """What the template shows; None where the save made no secret."""
        raise NotImplementedError

    def response_add(self, request: HttpRequest, obj: Row, post_url_continue: str | None = None) -> HttpResponse:
        return self._secret_page(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Row) -> HttpResponse:
        return self._secret_page(request, obj) or super().response_change(request, obj)

    def _secret_page(self, request: HttpRequest, row: Row) -> HttpResponse | None:
        secret = self.new_secret(request, row)
        if secret is None:
            return None
        context = {**self.admin_site.each_context(request), "title": self.shown_title, **secret}
        response = TemplateResponse(request, self.shown_template, context)
        add_never_cache_headers(response)
        return response
