"""Who gets in where: every address of the admin and every bulk action, written down by hand.

To add a screen or an action:

1. `orders/roles.py`: a row in `RIGHTS` (a kind of command: in `_COMMANDS`), unless it goes with a right that exists.
2. Where it is served: `plain_admin.ensure(request, right)`, or `has_..._permission` of its admin class.
3. Here: a row in `ADDRESSES` under the address's name (a bulk action: in `BULK`), and for a new table one object of it
   in `OBJECTS`. An address without a name goes under its route.

A row names who gets in, by first letters: viewer, operator, warehouse, finance, manager. A superuser gets in wherever
anybody does, and `SUPERUSER` alone where no group does. `NOBODY`: not even they. `STAFF`: whoever may log in.
`ANYBODY`: strangers too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.contrib.auth.models import Group as DjangoGroup
from django.contrib.auth.models import User
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from orders.commands import Kind
from orders.ids import uuid7
from orders.lifecycle import Status
from orders.models import ApiClient, BlockedCustomer, BulkRun, Carrier, Command, SkuLimit, WebhookEndpoint
from orders.roles import Group
from orders.selectors.bulk import Chosen
from orders.services.commands.bulk_runs import confirm_run, draft_run
from orders.services.state.deliveries import write_mail
from tests.conftest import unique
from tests.factories import a_discrepancy, a_return, an_approval, an_order, an_order_in

NOBODY, SUPERUSER, STAFF, ANYBODY = "", "s", "vowfm and staff without a group", "everybody"
ALL = "vowfm"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Who gets in; `sends`: who may send its form, if not all of them; `refused`: how others of the staff are answered;
    `shown`: how those are who get in.
    """

    who: str
    sends: str | None = None
    refused: int = 403
    shown: tuple[int, ...] = (200, 302)


def _stock(name: str, *, seen_by: str, changed_by: str) -> dict[str, Row]:
    """The addresses that Django makes for a table."""
    return {
        f"{name}_changelist": Row(who=seen_by),
        f"{name}_change": Row(who=seen_by, sends=changed_by),
        f"{name}_history": Row(who=seen_by),
        f"{name}_add": Row(who=changed_by),
        f"{name}_delete": Row(who=changed_by),
        # It leads to the page of the object, which judges for itself.
        f"admin/{name.replace('_', '/')}/<path:object_id>/": Row(who=STAFF),
    }


ADDRESSES: dict[str, Row] = {
    "index": Row(who=STAFF),
    "login": Row(who=ANYBODY),
    # Strangers go to the login from there, others to where they came from if no second factor is asked for.
    "second_factor": Row(who=STAFF),
    "logout": Row(who=ANYBODY),
    "password_change": Row(who=STAFF),
    "password_change_done": Row(who=STAFF),
    "jsi18n": Row(who=STAFF),
    # Nothing here looks others up, so a request for it is never one of ours.
    "autocomplete": Row(who=NOBODY),
    "app_list": Row(who=ALL, refused=404),
    **_stock("auth_user", seen_by="m", changed_by=SUPERUSER),
    # Their groups alone.
    "auth_user_change": Row(who="m"),
    "auth_user_password_change": Row(who=SUPERUSER),
    **_stock("auth_group", seen_by=SUPERUSER, changed_by=SUPERUSER),
    "admin/(?P<url>.*)$": Row(who=STAFF, shown=(404,)),
    **_stock("orders_order", seen_by=ALL, changed_by=NOBODY),
    **_stock("orders_command", seen_by=ALL, changed_by=NOBODY),
    **_stock("orders_bulkrun", seen_by=ALL, changed_by=NOBODY),
    "orders_bulkrun_live": Row(who=ALL),
    "orders_bulkrun_confirm": Row(who="om"),
    "orders_bulkrun_go_on": Row(who="om"),
    **_stock("orders_return", seen_by=ALL, changed_by=NOBODY),
    **_stock("orders_blockedcustomer", seen_by="ofm", changed_by="om"),
    **_stock("orders_skulimit", seen_by="owm", changed_by="om"),
    **_stock("orders_carrier", seen_by="owm", changed_by="m"),
    **_stock("orders_apiclient", seen_by="m", changed_by="m"),
    "orders_apiclient_delete": Row(who=NOBODY),
    "orders_order_live": Row(who=ALL),
    "orders_order_go": Row(who=ALL),
    "orders_order_export": Row(who="ofm"),
    "orders_order_save_view": Row(who=ALL),
    # One's own, if there is one.
    "orders_order_delete_view": Row(who=ALL, shown=(404,)),
    **_stock("orders_webhookendpoint", seen_by="om", changed_by="m"),
    "orders_webhookendpoint_delete": Row(who=NOBODY),
    **_stock("orders_delivery", seen_by=ALL, changed_by=NOBODY),
    "orders_delivery_send_again": Row(who="om"),
    **_stock("orders_approval", seen_by="fm", changed_by=NOBODY),
    "orders_approval_agree": Row(who="fm"),
    "orders_approval_refuse": Row(who="fm"),
    **_stock("orders_paymentdiscrepancy", seen_by="fm", changed_by=NOBODY),
    "orders_paymentdiscrepancy_resolve": Row(who="fm"),
    "orders_order_correct_email": Row(who="om"),
    "orders_order_note": Row(who="owfm"),
    "orders_order_review": Row(who="om"),
    "orders_order_review_next": Row(who="om"),
    "orders_order_review_one": Row(who="om"),
    "orders_order_review_claim": Row(who="om"),
    "orders_order_review_decide": Row(who="om"),
    "orders_order_warehouse": Row(who="wm"),
    "orders_order_warehouse_scan": Row(who="wm"),
    "orders_order_warehouse_pick_list": Row(who="wm"),
    "orders_order_warehouse_work": Row(who="wm"),
    "orders_order_warehouse_scan_at": Row(who="wm"),
    "orders_order_warehouse_step": Row(who="wm"),
    "orders_order_warehouse_slip": Row(who="wm"),
    "orders_order_approve": Row(who="om"),
    "orders_order_reject": Row(who="om"),
    "orders_order_cancel": Row(who="om"),
    "orders_order_update_address": Row(who="om"),
    "orders_order_hold": Row(who="owfm"),
    "orders_order_release": Row(who="om"),
    "orders_order_retry_shipping": Row(who="owm"),
    "orders_order_pick": Row(who="wm"),
    "orders_order_pack": Row(who="wm"),
    "orders_order_fail_picking": Row(who="wm"),
    "orders_order_ship": Row(who="wm"),
    "orders_order_deliver": Row(who="owm"),
    "orders_order_fail_delivery": Row(who="owm"),
    "orders_order_retry_payment": Row(who="ofm"),
    "orders_order_cancel_payment": Row(who="ofm"),
    "orders_order_settle_payment": Row(who="ofm"),
    "orders_order_send_payment_link": Row(who="ofm"),
    "orders_order_record_payment": Row(who="fm"),
    "orders_order_retry_step": Row(who="owfm"),
    "orders_order_request_return": Row(who="om"),
    "orders_order_approve_return": Row(who="om"),
    "orders_order_refuse_return": Row(who="om"),
    "orders_order_receive_return": Row(who="wfm"),
    "orders_order_refund": Row(who="fm"),
    "orders_order_retry_refund": Row(who="fm"),
    "orders_order_settle_refund": Row(who="fm"),
}

# The bulk actions of each table's list, by the names that Django gives them.
BULK: dict[str, dict[str, str]] = {
    "auth_user": {"delete_selected": SUPERUSER},
    "auth_group": {"delete_selected": SUPERUSER},
    "orders_order": {"approve_selected": "om", "reject_selected": "om", "cancel_selected": "om"},
    "orders_command": {},
    "orders_bulkrun": {},
    "orders_return": {},
    "orders_approval": {},
    "orders_paymentdiscrepancy": {},
    "orders_blockedcustomer": {"delete_selected": "om"},
    "orders_skulimit": {"delete_selected": "om"},
    "orders_carrier": {"delete_selected": "m"},
    "orders_apiclient": {},
    "orders_webhookendpoint": {},
    "orders_delivery": {"send_again_selected": "om"},
}


# What staff write themselves. All else comes about by commands: its screens only show it.
EDITED = {User, DjangoGroup, BlockedCustomer, SkuLimit, Carrier, ApiClient, WebhookEndpoint}


def a_run() -> BulkRun:
    """A run that somebody confirmed."""
    author = User.objects.create(username=unique())
    run = draft_run([Chosen(an_order_in(Status.IN_REVIEW).pk, 1, "")], Kind.CANCEL, author_id=author.pk)
    return confirm_run(run.pk, person_id=author.pk, reason="A bad batch.")


# Makes one row of each table that the admin knows.
OBJECTS: dict[str, Callable[[], Any]] = {
    "auth_user": lambda: User.objects.create(username=unique()),
    "auth_group": lambda: DjangoGroup.objects.create(name=unique()),
    "orders_order": partial(an_order_in, Status.IN_REVIEW),
    "orders_command": lambda: Command.objects.get(order=an_order()),
    "orders_bulkrun": a_run,
    "orders_return": lambda: a_return(an_order_in(Status.DELIVERED)),
    "orders_approval": an_approval,
    "orders_paymentdiscrepancy": a_discrepancy,
    "orders_blockedcustomer": lambda: BlockedCustomer.objects.create(email=f"{unique()}@example.com"),
    "orders_skulimit": lambda: SkuLimit.objects.create(sku=unique(), max_quantity=1),
    "orders_carrier": lambda: Carrier.objects.create(code=unique().lower(), name="Own van"),
    "orders_apiclient": lambda: ApiClient.objects.create(name=unique()),
    "orders_webhookendpoint": lambda: WebhookEndpoint.objects.create(
        client=ApiClient.objects.create(name=unique()), url="https://shop.example/"
    ),
    "orders_delivery": lambda: write_mail(an_order(), template="access_code"),
}


def arguments(name: str, placeholders: list[str]) -> dict[str, Any]:
    """What fills the placeholders of an address."""
    tables = [table for table in OBJECTS if name.removeprefix("admin/").replace("/", "_").startswith(table)]
    table = tables[0] if tables else "orders_order"
    known: dict[str, Callable[[], Any]] = {
        "order_id": lambda: OBJECTS["orders_order"]().pk,
        "delivery_id": lambda: OBJECTS["orders_delivery"]().pk,
        "run_id": lambda: OBJECTS["orders_bulkrun"]().pk,
        "discrepancy_id": lambda: OBJECTS["orders_paymentdiscrepancy"]().pk,
        "approval_id": lambda: OBJECTS["orders_approval"]().pk,
        "object_id": lambda: OBJECTS[table]().pk,
        "id": lambda: OBJECTS[table]().pk,
        "app_label": lambda: "orders",
        "view_id": uuid7,
        "url": lambda: "nowhere/",
    }
    return {placeholder: known[placeholder]() for placeholder in placeholders}


def addresses() -> dict[str, tuple[str, list[str]]]:
    """Every address below /admin/ by its name: its route, and what its placeholders are called."""
    (admin,) = (entry for entry in get_resolver().url_patterns if str(entry.pattern) == "admin/")
    found = list(_walk(admin, ""))
    return {pattern.name or route: (route, list(pattern.pattern.regex.groupindex)) for route, pattern in found}


@cache
def path_to(name: str) -> str:
    """The address with objects in the place of its placeholders."""
    route, placeholders = addresses()[name]
    values = arguments(name, placeholders)
    try:
        return reverse(f"admin:{name}", kwargs=values)
    except NoReverseMatch:
        for placeholder, value in values.items():
            route = route.replace(f"<path:{placeholder}>", str(value))
        return "/" + route.replace("(?P<url>.*)$", "nowhere/")


def _walk(entry: Any, before: str) -> Iterator[tuple[str, URLPattern]]:
    route = before + str(entry.pattern)
    if isinstance(entry, URLResolver):
        for child in entry.url_patterns:
            yield from _walk(child, route)
    else:
        yield route, entry


def may(person: str, who: str) -> bool:
    """Whether this person gets in where `who` does."""
    if person in list(Group):
        return who == ANYBODY or person[0] in who.partition(" ")[0]
    return {"superuser": who != NOBODY, "plain": who in (STAFF, ANYBODY)}.get(person, who == ANYBODY)
