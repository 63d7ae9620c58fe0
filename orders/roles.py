"""Who may do what in the back office: one table, from which the groups and their permissions are made.

A right is a Django permission, named `app.codename`. To add one: a row in `RIGHTS`; ask for it where the screen or the
action is served (`plain_admin.ensure`, `has_perm`, `perms` in a template); and a row in `tests/admin/matrix.py`. The
next `manage.py migrate` makes the permission and gives it to its groups. A right that exists already is left as people
have set it by hand since.
"""

from dataclasses import dataclass
from enum import StrEnum

from orders.commands import Kind


class Group(StrEnum):
    """The groups that a migration makes. A person may be in several."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    WAREHOUSE = "warehouse"
    FINANCE = "finance"
    MANAGER = "manager"


@dataclass(frozen=True, kw_only=True)
class Right:
    """One thing that people may do.

    Attributes:
        words: what it is, as the permission is called.
        groups: who may; a manager always.
        model: what it belongs to, as Django names models: `app.model`.
    """

    name: str
    groups: frozenset[Group]
    model: str = "orders.order"


EVERYBODY = frozenset(Group)
_MANAGER = frozenset({Group.MANAGER})
_OPERATOR = _MANAGER | {Group.OPERATOR}
_WAREHOUSE = _MANAGER | {Group.WAREHOUSE}
_FINANCE = _MANAGER | {Group.FINANCE}

# Who may issue which kind of command on an order's page, in a queue, or for many orders at once.
_COMMANDS: dict[Kind, frozenset[Group]] = {
    Kind.APPROVE: _OPERATOR,
    Kind.REJECT: _OPERATOR,
    Kind.CANCEL: _OPERATOR,
    Kind.UPDATE_ADDRESS: _OPERATOR,
    # What a warehouse cannot find or read, it stops; it does not decide that all is well again.
    Kind.HOLD: _OPERATOR | _WAREHOUSE | _FINANCE,
    Kind.RELEASE: _OPERATOR,
    Kind.RETRY_SHIPPING: _OPERATOR | _WAREHOUSE,
    Kind.PICK: _WAREHOUSE,
    Kind.PACK: _WAREHOUSE,
    Kind.FAIL_PICKING: _WAREHOUSE,
    Kind.SHIP: _WAREHOUSE,
    Kind.DELIVER: _OPERATOR | _WAREHOUSE,
    Kind.FAIL_DELIVERY: _OPERATOR | _WAREHOUSE,
    Kind.RETRY_PAYMENT: _OPERATOR | _FINANCE,
    Kind.CANCEL_PAYMENT: _OPERATOR | _FINANCE,
    Kind.SETTLE_PAYMENT: _OPERATOR | _FINANCE,
    Kind.SEND_PAYMENT_LINK: _OPERATOR | _FINANCE,
    Kind.RECORD_PAYMENT: _FINANCE,
    Kind.RETRY_STEP: _OPERATOR | _WAREHOUSE | _FINANCE,
    Kind.REQUEST_RETURN: _OPERATOR,
    Kind.APPROVE_RETURN: _OPERATOR,
    Kind.REFUSE_RETURN: _OPERATOR,
    # Who has the parcel says what is in it; the amount follows from that.
    Kind.RECEIVE_RETURN: _WAREHOUSE | _FINANCE,
    Kind.REFUND: _FINANCE,
    Kind.RETRY_REFUND: _FINANCE,
    Kind.SETTLE_REFUND: _FINANCE,
}


def right_to(kind: Kind) -> str:
    """The permission that a person needs to issue this kind of command."""
    return f"orders.{kind}_order"


def _by_hand(app: str, model: str, changed_by: frozenset[Group], seen_by: frozenset[Group]) -> dict[str, Right]:
    """Rows that staff edit as Django's admin does."""
    what = {"view": seen_by | changed_by, "add": changed_by, "change": changed_by, "delete": changed_by}
    return {
        f"{app}.{verb}_{model}": Right(name=f"Can {verb} {model}", groups=groups, model=f"{app}.{model}")
        for verb, groups in what.items()
    }


RIGHTS: dict[str, Right] = {
    "orders.view_order": Right(name="Can view order", groups=EVERYBODY),
    "orders.view_command": Right(name="Can view command", groups=EVERYBODY, model="orders.command"),
    "orders.view_bulkrun": Right(name="Can view bulk run", groups=EVERYBODY, model="orders.bulkrun"),
    "orders.view_return": Right(name="Can view return", groups=EVERYBODY, model="orders.return"),
    # A file leaves the house, with names and e-mail addresses in it.
    "orders.export_order": Right(name="Can export orders", groups=_OPERATOR | _FINANCE),
    "orders.share_savedview": Right(name="Can share a view", groups=_OPERATOR, model="orders.savedview"),
    "orders.view_approval": Right(name="Can view approval", groups=_FINANCE, model="orders.approval"),
    "orders.decide_approval": Right(name="Can decide on refunds of others", groups=_FINANCE, model="orders.approval"),
    "orders.view_paymentdiscrepancy": Right(
        name="Can view payment discrepancy", groups=_FINANCE, model="orders.paymentdiscrepancy"
    ),
    "orders.resolve_paymentdiscrepancy": Right(
        name="Can resolve a payment discrepancy", groups=_FINANCE, model="orders.paymentdiscrepancy"
    ),
    "orders.note_order": Right(name="Can write a note", groups=EVERYBODY - {Group.VIEWER}),
    "orders.correct_email_order": Right(name="Can correct the e-mail address", groups=_OPERATOR),
    # The link opens whatever the customer may do, cancelling among it.
    "orders.open_customer_page": Right(name="Can open the customer's page", groups=_OPERATOR),
    **{
        right_to(kind): Right(name=f"Can {kind.replace('_', ' ')} order", groups=groups)
        for kind, groups in _COMMANDS.items()
    },
    **_by_hand("orders", "blockedcustomer", changed_by=_OPERATOR, seen_by=_OPERATOR | _FINANCE),
    **_by_hand("orders", "skulimit", changed_by=_OPERATOR, seen_by=_OPERATOR | _WAREHOUSE),
    **_by_hand("orders", "carrier", changed_by=_MANAGER, seen_by=_OPERATOR | _WAREHOUSE),
    **_by_hand("orders", "carrierservice", changed_by=_MANAGER, seen_by=_OPERATOR | _WAREHOUSE),
    **_by_hand("orders", "apiclient", changed_by=_MANAGER, seen_by=_MANAGER),
    "orders.view_delivery": Right(name="Can view delivery", groups=EVERYBODY, model="orders.delivery"),
    "orders.send_delivery": Right(name="Can send a delivery again", groups=_OPERATOR, model="orders.delivery"),
    **_by_hand("orders", "webhookendpoint", changed_by=_MANAGER, seen_by=_MANAGER | _OPERATOR),
    **_by_hand("orders", "apikey", changed_by=_MANAGER, seen_by=_MANAGER),
    # Only these groups; creating accounts and setting passwords is for superusers (`orders/admin/people/people.py`).
    "auth.give_groups_user": Right(name="Can give people their groups", groups=_MANAGER, model="auth.user"),
}
