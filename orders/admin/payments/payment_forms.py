"""What the actions on an order's payment ask for: a token to charge, or a bank transfer that arrived."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from orders.admin.orders.forms import ActionForm
from orders.bank_transfers import MAX_REFERENCE, Transfer
from orders.form_fields import BARE, BankReferenceField, TextField
from orders.money import to_decimal, to_minor
from orders.selectors.payments import amount_due, is_recorded, transferred

_BARE = forms.TextInput(BARE)


class PaymentMethodForm(ActionForm):
    """Another payment method."""

    payment_method = TextField(
        max_length=100,
        widget=_BARE,
        help_text="A token that your shop's checkout made at the payment gateway, never a card number. Without one, "
        "send the customer a payment link.",
    )

    def args(self) -> dict[str, object]:
        return {"payment_method": self.cleaned_data["payment_method"]}


class TransferForm(ActionForm):
    """A bank transfer that arrived; what it would be refused for is said at its fields."""

    amount = forms.DecimalField(max_digits=16, help_text="As on the bank statement.")
    received_on = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    reference = BankReferenceField(
        label="Bank reference",
        max_length=MAX_REFERENCE,
        widget=_BARE,
        help_text="As on the bank statement. The same line is recorded only once.",
    )

    def known(self) -> dict[str, Any]:
        """What is still to be paid."""
        order = self.view.order
        missing = max(amount_due(order) - transferred(order), 0)
        return {"amount": to_decimal(missing, order.currency) if missing else None, "received_on": timezone.localdate()}

    def clean_amount(self) -> int:
        """In minor units."""
        typed: Decimal = self.cleaned_data["amount"]
        try:
            minor = to_minor(typed, self.view.order.currency)
        except ValueError as error:
            raise forms.ValidationError(f"The amount {error}.") from None
        if minor <= 0:
            raise forms.ValidationError("Enter an amount above zero.")
        return minor

    def clean_received_on(self) -> Any:
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("The day must not be in the future.")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            named = {name: cleaned[name] for name in ("amount", "received_on", "reference")}
            if is_recorded(Transfer(**named), self.view.order.currency, besides=cleaned["command"]):
                self.add_error("reference", "This bank transfer is recorded already: same day, amount and reference.")
        return cleaned

    def args(self) -> dict[str, object]:
        """Amount, day and reference."""
        asked = self.cleaned_data
        return {
            "amount": asked["amount"],
            "received_on": asked["received_on"].isoformat(),
            "reference": asked["reference"],
        }
