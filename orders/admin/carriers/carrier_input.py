"""An input for a carrier that offers the names of the active ones, and takes any other."""

from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join

from orders.models.carriers import known_carriers


class CarrierInput(forms.TextInput):
    """A text input with a `<datalist>`."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        """The input, then its list."""
        list_id = f"{name}-names"
        shown = super().render(name, value, {**(attrs or {}), "list": list_id}, renderer)
        options = format_html_join("", '<option value="{}">', ((name,) for name in known_carriers().active_names))
        return format_html('{}<datalist id="{}">{}</datalist>', shown, list_id, options)
