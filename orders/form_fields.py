"""The form fields of texts that are stored, for staff and customers alike: each normalises what is typed."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders import text

# What `normalised` may object to, as a sentence of its own.
SENTENCES = {
    text.CARD_NUMBER: _("This must not contain a card number."),
    text.CONTROL: _("This must not contain control characters."),
    text.INVISIBLE: _("This must not contain invisible characters. Please type it anew."),
    text.DIRECTION: _("This must not contain characters that turn the direction of writing. Please type it anew."),
    text.UNKNOWN: _("This must not contain characters that Unicode does not define. Please type it anew."),
}
UNREADABLE = "unreadable"
# Attributes of an input for which a browser's memory of other entries would only mislead.
BARE = {"autocomplete": "off", "spellcheck": "false"}


class Normalised:
    """Beside a CharField or one of its kinds: before anything else is checked, so that lengths are those of the result.

    A text area takes several lines, every other widget one.
    """

    widget: Any
    may_look_like_card = False

    def to_python(self, value: Any) -> Any:
        """The text as it is stored.

        Raises:
            ValidationError: it holds what may not be stored.
        """
        clean = text.visible if self.may_look_like_card else text.normalised
        try:
            typed = clean("" if value is None else str(value), multiline=isinstance(self.widget, forms.Textarea))
        except ValueError as error:
            raise ValidationError(SENTENCES[str(error)], code=UNREADABLE) from None
        return super().to_python(typed)  # type: ignore[misc] # of the field that it stands beside


class TextField(Normalised, forms.CharField):
    """A text."""


class EmailField(Normalised, forms.EmailField):
    """An e-mail address."""


class RegexField(Normalised, forms.RegexField):
    """A text of a certain form."""


class SkuField(Normalised, forms.CharField):
    """An article number, which may look like a card number."""

    may_look_like_card = True


class BankReferenceField(Normalised, forms.CharField):
    """A reference of a bank statement, which may look like a card number."""

    may_look_like_card = True


class URLField(Normalised, forms.URLField):
    """A URL."""


def objection(form: forms.Form, otherwise: str) -> str:
    """What is wrong with a text, for a page that does not show the form again; or else what is said there anyway."""
    faults = (fault for faults in form.errors.as_data().values() for fault in faults)
    return next((str(fault.message) for fault in faults if fault.code == UNREADABLE), otherwise)
