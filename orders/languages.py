"""In which of our languages a customer is spoken to."""

from django.conf import settings
from django.utils.translation import get_language, get_supported_language_variant


def spoken() -> str:
    """The language that is active now; English where none is."""
    return get_language() or "en"


def language_of(locale: str) -> str | None:
    """Our language for an order's locale, `de` for `de-AT` or `de_AT`; None where it is none of ours."""
    try:
        return get_supported_language_variant(locale.replace("_", "-").lower())
    except LookupError:
        return None


def language_or_default(locale: str) -> str:
    """Our language for an order's locale, for what nobody asks for with a browser."""
    return language_of(locale) or settings.LANGUAGE_CODE
