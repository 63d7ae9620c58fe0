"""What the lists share whose rows the product writes itself."""

import pytest
from django.contrib import admin
from django.test import RequestFactory

from orders.admin.lists import ListAdmin
from tests.admin.conftest import Desk

SCREENS = [pytest.param(it, id=it.opts.model_name) for it in admin.site._registry.values()]
SEARCHED = [pytest.param(it, id=it.opts.model_name) for it in admin.site._registry.values() if it.search_fields]


@pytest.mark.parametrize("screen", SCREENS)
def test_a_list_that_nobody_edits_is_a_list_admin(screen: admin.ModelAdmin, desk: Desk) -> None:  # type: ignore[type-arg] # any model's
    request = RequestFactory().get("/")
    request.user = desk.user
    assert isinstance(screen, ListAdmin) is not screen.has_change_permission(request)


@pytest.mark.parametrize("screen", SEARCHED)
def test_a_search_for_what_is_nowhere_finds_nothing(screen: admin.ModelAdmin) -> None:  # type: ignore[type-arg] # any model's
    rows = screen.model._default_manager.all()
    found, _ = screen.get_search_results(RequestFactory().get("/"), rows, "qqqqqqqq")
    assert not found.exists()
