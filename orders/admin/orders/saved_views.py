"""Keeping a view of the list of orders, and forgetting it."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from orders.admin.plain_admin import ensure
from orders.form_fields import TextField, objection
from orders.selectors.saved_views import views_for
from orders.services.staff.saved_views import delete_view, save_view

LIST = "admin:orders_order_changelist"
# Where on the list somebody happened to be is no part of a view.
PASSING = ("p", "e", "all")
SHARE = "orders.share_savedview"
LONGEST_QUERY = 1000


class SaveViewForm(forms.Form):
    """A name for what the list shows."""

    name = TextField(max_length=60)
    is_shared = forms.BooleanField(required=False, label="Share with all staff")
    query = forms.CharField(max_length=LONGEST_QUERY, widget=forms.HiddenInput)

    def clean_query(self) -> str:
        """What was searched for is a text as any other, although it is kept encoded."""
        query = str(self.cleaned_data["query"])
        for _, values in QueryDict(query).lists():
            for value in values:
                TextField(required=False).clean(value)
        return query


def context(request: HttpRequest) -> dict[str, Any]:
    """What the list says of views: those that there are, and the form that keeps this one."""
    query = _query(request.GET)
    form = SaveViewForm(initial={"query": query}) if query else None
    if form and not request.user.has_perm(SHARE):
        del form.fields["is_shared"]
    user_id = _person(request)
    views = [(view, f"{reverse(LIST)}?{view.query}", view.query == query) for view in views_for(user_id)]
    return {"views": views, "own_views": [view for view, _, _ in views if view.owner_id == user_id], "view_form": form}


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep what the list shows under a name, and go back to it."""
    ensure(request, "orders.view_order")
    form = SaveViewForm(request.POST)
    query = _query(QueryDict(request.POST.get("query", "")))
    # Written anew, an address may be longer than it was typed.
    if not form.is_valid() or len(query) > LONGEST_QUERY:
        needed = "Filter the list and enter a name of at most 60 characters."
        messages.error(request, objection(form, needed))
    else:
        is_shared = form.cleaned_data["is_shared"] and request.user.has_perm(SHARE)
        view = save_view(_person(request), name=form.cleaned_data["name"], query=query, is_shared=is_shared)
        messages.success(request, f"View “{view.name}” saved.")
    return redirect(f"{reverse(LIST)}?{query}")


@require_POST
def delete(request: HttpRequest, *, view_id: UUID) -> HttpResponse:
    """Forget a view of one's own.

    Raises:
        Http404: it is somebody else's, or gone.
    """
    ensure(request, "orders.view_order")
    if not delete_view(view_id, owner_id=_person(request)):
        raise Http404("You have no such view.")
    messages.success(request, "View deleted.")
    return redirect(f"{reverse(LIST)}?{_query_before(request)}")


def _query_before(request: HttpRequest) -> str:
    """What of the list was shown when the form was sent, as far as the browser says so."""
    try:
        before = urlsplit(request.META.get("HTTP_REFERER", ""))
    except ValueError:
        return ""
    return before.query if before.path == reverse(LIST) else ""


def _person(request: HttpRequest) -> int:
    """Who asks: whoever gets here has logged in."""
    return int(request.user.pk or 0)


def _query(asked: QueryDict) -> str:
    """What of the address makes the view, always in the same order."""
    pairs = sorted((name, value) for name in asked if name not in PASSING for value in asked.getlist(name) if value)
    made = QueryDict(mutable=True)
    for name, value in pairs:
        made.appendlist(name, value)
    return made.urlencode()
