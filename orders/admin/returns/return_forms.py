"""What the actions on returns ask: which return, which pieces, how much goes back."""

from typing import Any

from django import forms

from orders.admin.orders.forms import ActionForm, DangerousForm, field_of_pieces, fields_of_pieces, pieces_chosen
from orders.lifecycle import ReturnStage
from orders.models import Return
from orders.money import to_minor
from orders.selectors.backoffice import OrderView
from orders.selectors.returns import returnable


class RequestReturnForm(ActionForm):
    """What a customer wants to send back, who asked by another way than the page."""

    cause = forms.ChoiceField(choices=Return.Cause.choices)

    def __init__(self, view: OrderView, *args: Any, **kwargs: Any) -> None:
        """A number for each item of which something is left to return."""
        super().__init__(view, *args, **kwargs)
        self.fields = {**fields_of_pieces(view, returnable(view.order)), **self.fields}
        self.fields["reason"].help_text = "In the customer's words. Visible to staff and the customer."

    def clean(self) -> dict[str, Any]:
        """At least one piece."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not pieces_chosen(cleaned):
            raise forms.ValidationError("Choose at least one item.")
        return cleaned

    def args(self) -> dict[str, object]:
        """The pieces and the cause."""
        return {"items": pieces_chosen(self.cleaned_data), "cause": self.cleaned_data["cause"]}


class _OfAReturn(ActionForm):
    """About one of the order's returns: the one that the address names, or else the oldest that waits for this."""

    state = ReturnStage.REQUESTED
    which = forms.ChoiceField(label="Return")

    def __init__(self, view: OrderView, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        """`initial` may hold the id of a return as `which`."""
        waiting = [row for row in view.returns if row.state == self.state]
        wanted = (data or initial or {}).get("which")
        self.row = next((row for row in waiting if str(row.pk) == str(wanted)), waiting[0] if waiting else None)
        super().__init__(view, data, {**(initial or {}), "which": str(self.row.pk) if self.row else ""})
        which = self.fields["which"]
        assert isinstance(which, forms.ChoiceField)  # noqa: S101 - tells the type checker which field it is
        which.choices = [(str(row.pk), in_words(row)) for row in waiting]

    def args(self) -> dict[str, object]:
        """Which return."""
        return {"return": self.cleaned_data["which"]}


class ApproveReturnForm(_OfAReturn):
    """Let the parcel come."""


class RefuseReturnForm(_OfAReturn, DangerousForm):
    """The customer is told why."""

    reason_is_needed = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Whose eyes the reason is for."""
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "Visible to the customer."


class ReceiveReturnForm(_OfAReturn):
    """What came, and how much goes back for it."""

    state = ReturnStage.APPROVED
    amount = forms.DecimalField(
        required=False,
        min_value=0,
        label="Refund only",
        help_text="Leave empty to refund the full price paid for the received items. A lower amount needs a reason.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A number for each item of the return; all came, unless somebody says otherwise."""
        super().__init__(*args, **kwargs)
        row = self.row
        if row is None:
            return
        which = self.fields["which"]
        assert isinstance(which, forms.ChoiceField)  # noqa: S101 - tells the type checker which field it is
        which.choices = [(str(row.pk), in_words(row))]
        pieces: dict[str, forms.Field] = {
            f"position_{piece.item.position}": field_of_pieces(
                f"{piece.item.name or piece.item.sku}: received (of {piece.quantity})", piece.quantity
            )
            for piece in row.items.all()
        }
        for piece in row.items.all():
            self.initial.setdefault(f"position_{piece.item.position}", piece.quantity)
        self.fields = {"which": which, **pieces, **self.fields}

    def clean_amount(self) -> int | None:
        """The amount in minor units."""
        if self.cleaned_data["amount"] is None:
            return None
        try:
            return to_minor(self.cleaned_data["amount"], self.view.order.currency)
        except ValueError as error:
            raise forms.ValidationError(f"The amount {error}.") from None

    def args(self) -> dict[str, object]:
        """Which return, what came, and the amount if one was named."""
        asked = self.cleaned_data
        amount = {} if asked["amount"] is None else {"amount": asked["amount"]}
        return {**super().args(), "items": pieces_chosen(asked, every=True), **amount}


def in_words(row: Return) -> str:
    """A return for people: Return 1: 2 x Lamp, It does not fit."""
    pieces = ", ".join(f"{piece.quantity} x {piece.item.name or piece.item.sku}" for piece in row.items.all())
    return f"Return {row.number}: {pieces}. {row.get_cause_display()}"
