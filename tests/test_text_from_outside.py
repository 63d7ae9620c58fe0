"""Every place where a text comes in normalises it, and refuses what nobody may store."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import pytest
from django import forms
from django.contrib.admin import site
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from ninja import Schema
from pydantic import BaseModel, TypeAdapter

import orders.admin
import orders.api
import orders.tracking
from orders.ids import uuid7
from orders.models import ApiClient, Command
from orders.services.commands.settle import settle_signal
from orders.services.staff.api_keys import create_api_key
from tests.admin.conftest import a_user
from tests.api.conftest import ORDER, Shop
from tests.conftest import unique
from tests.factories import an_order

CARD, UNSEEN = "4111 1111 1111 1111", "\u200b"
# Looked up, compared or counted, and never stored; a cursor is ours, a view's query is normalised by its parts.
NOT_STORED = {"cursor", "code", "was", "laid_out_for", "worth_currency", "query", "username", "password"}
MAY_LOOK_LIKE_CARD = ("sku", "TransferForm.reference", "TransferIn.reference")
# Taken as it is, or refused: the same characters as in a header (tests/api/test_batch.py).
AS_IN_A_HEADER = {"idempotency_key"}


def imported(*packages: Any) -> None:
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def kinds_of(base: Any) -> Iterator[Any]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def form_fields() -> dict[str, forms.CharField]:
    """Every text of a form of ours; those that Django makes from our tables have a test of their own."""
    imported(orders.admin, orders.tracking)
    ours = [form for form in kinds_of(forms.Form) if form.__module__.startswith(("orders.admin", "orders.tracking"))]
    named = {f"{form.__name__}.{name}": field for form in ours for name, field in form.base_fields.items()}
    return {name: field for name, field in named.items() if is_text(field) and name.partition(".")[2] not in NOT_STORED}


def is_text(field: forms.Field) -> bool:
    return isinstance(field, forms.CharField) and not isinstance(field, forms.UUIDField | forms.JSONField)


def api_fields() -> dict[str, TypeAdapter[Any]]:
    """Every text that the API takes in a body or a query."""
    imported(orders.api)
    models = [model for model in kinds_of(BaseModel) if model.__module__.startswith("orders.api")]
    return {
        f"{model.__name__}.{name}": TypeAdapter(Annotated[(field.annotation, *field.metadata, name)])  # type: ignore[arg-type] # made as it runs
        for model in models
        if not issubclass(model, Schema)  # what we answer
        for name, field in model.model_fields.items()
        if holds_text(field.annotation) and name not in NOT_STORED | AS_IN_A_HEADER | {"currency", "country"}
    }


def holds_text(annotation: Any) -> bool:
    inner = (part for part in get_args(annotation) if isinstance(part, type) or get_origin(part))
    return annotation is str or any(holds_text(part) for part in inner)


FORMS, API = form_fields(), api_fields()


def looks(name: str, text: str) -> str:
    """The text as the field wants it otherwise."""
    if name.endswith(("email", "mail_from")):
        return f"ann@{text}.example"
    return f"https://shop.example/{text}" if name.endswith("url") else text


def test_all_forms_and_all_bodies_are_tried() -> None:
    assert {"AddressForm.street", "NoteForm.text", "CancelForm.reason", "EmailForm.email"} <= set(FORMS)
    assert {
        "OrderIn.customer_name",
        "ItemIn.sku",
        "AddressIn.city",
        "OrdersQuery.customer_email",
        "ParcelIn.tracking_number",
    } <= set(API)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("typed", [CARD, UNSEEN, f"a{UNSEEN}", "a\u202eb", "a\x07b", "\ue000"])
def test_a_form_refuses_what_may_not_be_stored(name: str, typed: str) -> None:
    if typed == CARD and name.endswith(MAY_LOOK_LIKE_CARD):
        return
    with pytest.raises(ValidationError) as refused:
        FORMS[name].clean(typed)
    assert "must not contain" in str(refused.value.messages)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_composes_and_trims_what_it_takes(name: str) -> None:
    taken = FORMS[name].clean(looks(name, "e\u0301") + "\u3000")
    assert taken == looks(name, "é")


@pytest.mark.parametrize("screen", site._registry, ids=lambda model: str(model._meta.model_name))
def test_a_form_that_django_makes_of_a_table_does_so_too(screen: Any, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = a_user(is_superuser=True)
    fields = site._registry[screen].get_form(request).base_fields
    texts = {name: field for name, field in fields.items() if is_text(field)}
    for name in set(texts) - NOT_STORED - {"password1", "password2"}:
        with pytest.raises(ValidationError, match="must not contain"):
            texts[name].clean(UNSEEN)


@pytest.mark.parametrize("name", API)
@pytest.mark.parametrize("typed", [CARD, UNSEEN, f"a{UNSEEN}", "a\u202eb", "a\x07b", "\ue000", "\ud800"])
def test_the_api_refuses_what_may_not_be_stored(name: str, typed: str) -> None:
    if typed == CARD and name.endswith(MAY_LOOK_LIKE_CARD):
        return
    with pytest.raises(ValueError, match="must not contain"):
        API[name].validate_python(typed)


@pytest.mark.parametrize("name", [name for name in API if not name.endswith((".customer_email", ".url"))])
def test_the_api_composes_and_trims_what_it_takes(name: str) -> None:
    assert API[name].validate_python("e\u0301\u3000") == "é"


def test_a_length_is_that_of_what_is_stored() -> None:
    name = API["OrderIn.customer_name"]
    assert name.validate_python("e\u0301" * 200) == "é" * 200
    with pytest.raises(ValueError, match="at most 200"):
        name.validate_python("\u0958" * 101)  # composed, it is two letters


def test_an_email_address_that_ends_unseen_is_refused_at_its_place() -> None:
    shop = Shop(create_api_key(f"shop {unique()}"))
    answer = shop.post("/orders", {**ORDER, "customer_email": f"ann@example.com{UNSEEN}"})
    faults = [{"pointer": "/customer_email", "detail": "must not contain invisible characters: please type it anew"}]
    assert answer.json()["errors"] == faults


TYPED: list[tuple[str, object]] = [
    ("hold", "a\0b"),
    ("hold", {"reason": "a\ud800b"}),
    ("hold", f"card {CARD}"),
    ("hold", UNSEEN),
    ("hold", {"a\0": 1}),
    ("update_address", {"street": UNSEEN, "city": "Anytown", "country": "US"}),
    ("update_address", {"street": "1 Main St", "city": CARD, "country": "US"}),
    ("hold", {"amount": float("nan")}),
    ("retry_payment", {"payment_method": [["\u202e"]]}),
]


@pytest.mark.parametrize(("signal", "body"), TYPED, ids=ascii)
def test_a_signal_that_was_typed_with_it_is_rejected_with_the_reason(signal: str, body: object) -> None:
    order, command_id = an_order(), uuid7()
    settle_signal(order.pk, signal=signal, command_id=command_id, body=body)
    command = Command.objects.get(pk=command_id)
    assert (command.state, command.reason, command.args) == ("rejected", "", {})
    assert command.outcome.startswith("What was typed must not contain")
    assert CARD not in command.outcome


def test_a_signal_that_is_nested_without_end_is_rejected_too() -> None:
    order, command_id = an_order(), uuid7()
    body: list[object] = []
    for _ in range(100_000):
        body = [body]
    settle_signal(order.pk, signal="hold", command_id=command_id, body={"reason": "x", "more": body})
    assert Command.objects.get(pk=command_id).state == "rejected"


def test_a_signal_that_was_typed_is_composed_and_trimmed() -> None:
    order, command_id = an_order(), uuid7()
    settle_signal(order.pk, signal="hold", command_id=command_id, body=" e\u0301 ")
    assert Command.objects.get(pk=command_id).reason == "é"


@pytest.mark.parametrize("typed", [CARD, UNSEEN, "caf\udce9", "a\0b"], ids=ascii)
def test_a_management_command_says_what_is_wrong(typed: str) -> None:
    order = an_order()
    for asked in (
        ("signal_order", order.code, "hold", "--reason", typed),
        ("signal_order", order.code, "update-address", "--street", typed, "--city", "Anytown"),
        ("signal_order", typed, "hold"),
        ("create_api_key", typed),
        ("reset_second_factor", typed),
    ):
        with pytest.raises(CommandError, match="must not contain"):
            call_command(*asked)
    assert not order.commands.exclude(kind="place").exists()
    assert not ApiClient.objects.filter(name__startswith="4111").exists()
