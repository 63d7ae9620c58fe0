"""Every screen of the back office: each address of `matrix.py` that shows a page, and what else can be seen there.

A new address is a screen by itself; one that shows no page to those who may see it is named in `NO_PAGE`.
"""

from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import Group as DjangoGroup
from django.contrib.auth.models import User
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Locator, Page

from orders.admin.orders.order_actions import ACTIONS
from orders.models import ApiClient
from orders.services.orders.review_claims import claim
from tests.admin import conditions, matrix
from tests.admin.conftest import a_user, session_of
from tests.conftest import unique

PASSWORD = "correct horse battery"
LIST = reverse("admin:orders_order_changelist")
LOGIN = reverse("admin:login")

# Addresses that take a form, lead elsewhere, or answer with something that is no page.
NO_PAGE = {
    "logout",
    "jsi18n",
    "autocomplete",
    "view_on_site",
    "second_factor",
    "login",
    "orders_order_go",
    "orders_order_live",
    "orders_order_export",
    "orders_order_note",
    "orders_order_save_view",
    "orders_order_delete_view",
    "orders_order_review_next",
    "orders_order_review_claim",
    "orders_order_review_decide",
    "orders_order_warehouse_scan",
    "orders_order_warehouse_scan_at",
    "orders_order_warehouse_step",
    "orders_delivery_send_again",
    "orders_bulkrun_confirm",
    "orders_bulkrun_live",
    "orders_bulkrun_go_on",
    "orders_approval_agree",
    "orders_approval_refuse",
    "orders_paymentdiscrepancy_resolve",
    *(f"orders_order_{kind}" for kind, action in ACTIONS.items() if action.at_once),
    *(name for name, row in matrix.ADDRESSES.items() if row.who == matrix.NOBODY or name.startswith("admin/")),
}


def _nothing(_page: Page) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Screen:
    """`path` makes what is shown; `then` is what the person does there before it is looked at.

    Attributes:
        person: as `matrix.py` names them, "anonymous" among them.
        two_factor: it is served where a second factor is asked for.
        refused: the server answers with a status of its own, which the browser's console mentions.
    """

    path: Callable[[], str]
    then: Callable[[Page], None] = _nothing
    person: str = "superuser"
    two_factor: bool = False
    refused: bool = False

    @property
    def looks_only(self) -> bool:
        """Whether the page at the path is all there is to it."""
        return self.then is _nothing and not (self.two_factor or self.refused)


def cookie_of(person: str) -> str:
    """The session of a new member of staff, of a group or with every right."""
    user = a_user(is_superuser=person == "superuser")
    if person not in ("superuser", "plain"):
        user.groups.add(DjangoGroup.objects.get(name=person))
    return session_of(user)


def open_screen(page: Page, screen: Screen, url: str) -> None:
    """Show a screen that is served at `url` to a person of its own, where nobody is logged in."""
    if screen.person != "anonymous":
        page.context.add_cookies([{"name": "sessionid", "value": cookie_of(screen.person), "url": url}])
    page.goto(f"{url}{screen.path()}")
    screen.then(page)
    page.wait_for_load_state()


def _of_order(condition: str, screen: str = "change") -> str:
    return reverse(f"admin:orders_order_{screen}", args=[conditions.order(condition).pk])


def _action(kind: Any) -> str:
    return reverse(f"admin:orders_order_{kind}", args=[conditions.order_for(kind).pk])


def _in_review_and_claimed() -> str:
    order = conditions.CONDITIONS["in review"]()
    claim(order.pk, person=a_user())
    return reverse("admin:orders_order_review_one", args=[order.pk])


def _listed(**query: str) -> str:
    conditions.order("held")
    return LIST + "?" + "&".join(f"{name}={value}" for name, value in query.items())


def _submit(page: Page, button: Locator) -> None:
    """Click, and wait for the page that answers: before it, the one with the form would be looked at."""
    with page.expect_navigation():
        button.click()


def _press(button: str) -> Callable[[Page], None]:
    return lambda page: _submit(page, page.get_by_role("button", name=button).first)


def _tick_and_cancel(page: Page) -> None:
    for box in page.locator("input.action-select").all()[:3]:
        box.check()
    page.locator("select[name=action]").select_option("cancel_selected")
    _submit(page, page.locator("button[name=index]").first)


def _cancel_without_a_reason(page: Page) -> None:
    _tick_and_cancel(page)
    _submit(page, page.get_by_role("button", name="Cancel"))


def _keep_view(page: Page) -> None:
    page.get_by_text("Save view").click()
    page.get_by_label("Name").fill(f"Held {unique()}")
    _submit(page, page.get_by_role("button", name="Save", exact=True))


def _issue_key(page: Page) -> None:
    page.get_by_label("Issue a key").check()
    _submit(page, page.get_by_role("button", name="Save", exact=True))


def _new_secret(page: Page) -> None:
    page.get_by_label("New secret").check()
    _submit(page, page.get_by_role("button", name="Save", exact=True))


def _sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    _submit(page, page.get_by_role("button", name="Log in"))


def _sign_in_in_vain(page: Page) -> None:
    _sign_in(page, "ann", "wrong")


def _lock_oneself_out(page: Page) -> None:
    name = unique()
    AccessAttempt.objects.create(
        username=name, ip_address="127.0.0.1", failures_since_start=settings.AXES_FAILURE_LIMIT
    )
    _sign_in(page, name, PASSWORD)


def _somebody_with_a_password() -> User:
    user = a_user(is_superuser=True)
    user.set_password(PASSWORD)
    user.save()
    return user


def _to_the_second_factor(page: Page) -> None:
    _sign_in(page, _somebody_with_a_password().username, PASSWORD)


def _set_up(page: Page) -> None:
    """Give the code that the key on the page makes."""
    _to_the_second_factor(page)
    key = page.locator("#second-factor-key").inner_text()
    page.get_by_role("textbox").fill(f"{totp(b32decode(key)):06}")
    _submit(page, page.get_by_role("button", name="Set up"))
    page.locator("#backup-codes").wait_for()


def _ask_for_the_code(page: Page) -> None:
    """Log in as somebody who has set it up before."""
    user = _somebody_with_a_password()
    TOTPDevice.objects.create(user=user, confirmed=True)
    _sign_in(page, user.username, PASSWORD)


def _a_client() -> str:
    client = ApiClient.objects.create(name=f"shop {unique()}")
    return reverse("admin:orders_apiclient_change", args=[client.pk])


_MORE: dict[str, Screen] = {
    **{f"order: {name}": Screen(path=partial(_of_order, name)) for name in conditions.CONDITIONS},
    **{
        f"warehouse: {name}": Screen(path=partial(_of_order, name, "warehouse_work"))
        for name in ("to pick", "to pack", "to hand over", "shipped", "delivered")
    },
    "order: of a viewer": Screen(path=partial(_of_order, "in review"), person="viewer"),
    "dashboard of a viewer": Screen(path=partial(reverse, "admin:index"), person="viewer"),
    "dashboard without a group": Screen(path=partial(reverse, "admin:index"), person="plain"),
    "list: filtered": Screen(path=partial(_listed, status__exact="in_review", held__exact="1")),
    "list: a filter's fault": Screen(path=partial(_listed, worth_from="5", worth_currency="ZZZ")),
    "list: nothing found": Screen(path=partial(_listed, q="nothing-like-this")),
    "list: searched by the box on top": Screen(path=lambda: f"{reverse('admin:orders_order_go')}?q=John"),
    "list: a view kept": Screen(path=partial(_listed, held__exact="1"), then=_keep_view),
    "many: preview": Screen(path=partial(_listed, status__exact="in_review"), then=_tick_and_cancel),
    "many: a reason is missing": Screen(
        path=partial(_listed, status__exact="in_review"), then=_cancel_without_a_reason
    ),
    "action: a reason is missing": Screen(path=partial(_of_order, "in review", "cancel"), then=_press("Cancel order")),
    "action: not possible": Screen(path=partial(_of_order, "delivered", "cancel")),
    "review: a colleague works on it": Screen(path=_in_review_and_claimed),
    "review: decided already": Screen(path=partial(_of_order, "paid", "review_one")),
    "client: key shown once": Screen(path=_a_client, then=_issue_key),
    "endpoint: secret shown once": Screen(
        path=partial(matrix.path_to, "orders_webhookendpoint_change"), then=_new_secret
    ),
    "discrepancy: a note is missing": Screen(
        path=partial(matrix.path_to, "orders_paymentdiscrepancy_change"), then=_press("Mark as resolved")
    ),
    "sign-in": Screen(path=lambda: LOGIN, person="anonymous"),
    "sign-in refused": Screen(path=lambda: LOGIN, then=_sign_in_in_vain, person="anonymous"),
    "locked out": Screen(path=lambda: LOGIN, then=_lock_oneself_out, person="anonymous", refused=True),
    "logged out": Screen(path=partial(reverse, "admin:index"), then=_press("Log out"), person="plain"),
    "second factor: set up": Screen(
        path=lambda: LOGIN, then=_to_the_second_factor, person="anonymous", two_factor=True
    ),
    "second factor: backup codes": Screen(path=lambda: LOGIN, then=_set_up, person="anonymous", two_factor=True),
    "second factor: a code is asked for": Screen(
        path=lambda: LOGIN, then=_ask_for_the_code, person="anonymous", two_factor=True
    ),
    "nothing there": Screen(path=lambda: f"{reverse('admin:index')}nowhere/", refused=True),
    "not allowed": Screen(path=partial(reverse, "admin:orders_approval_changelist"), person="viewer", refused=True),
}


def _of_an_address(name: str) -> Screen:
    kind = name.removeprefix("orders_order_")
    if kind in ACTIONS:
        return Screen(path=partial(_action, kind))
    return Screen(path=partial(matrix.path_to, name))


# Of each kind one, or those that differ in more than words.
_OF_ITS_KIND = {
    *(f"orders_order_{kind}" for kind in ("cancel", "update_address", "refund", "receive_return")),
    *(
        "order: in review",
        "order: refund failed",
        "order: paid in part by transfer",
        "warehouse: to hand over",
        "dashboard of a viewer",
        "order: shipped",
    ),
    *("list: filtered", "list: a view kept", "many: preview", "action: a reason is missing", "sign-in"),
    *("client: key shown once", "second factor: backup codes", "nothing there", "review: a colleague works on it"),
}


def is_like_another(name: str) -> bool:
    """Whether a screen differs from others of its kind in words alone: `make test-faults` looks at these as well."""
    if name in _OF_ITS_KIND:
        return False
    is_plain = name.endswith(("_history", "_delete", "_add")) or name.startswith("auth_")
    return is_plain or name in _MORE or name.removeprefix("orders_order_") in ACTIONS


SCREENS: dict[str, Screen] = {
    **{name: _of_an_address(name) for name in sorted(set(matrix.ADDRESSES) - NO_PAGE)},
    **_MORE,
}
