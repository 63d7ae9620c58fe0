"""Moments as the customer's pages show them."""

from datetime import datetime

from django import template
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.translation import gettext

register = template.Library()


@register.filter(expects_localtime=True)
def moment(at: datetime) -> str:
    """The moment in the reader's language and time zone, as a `time` element."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), format_date(at, gettext("j M Y, H:i T")))
