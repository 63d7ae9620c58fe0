"""Text from outside, normalised once where it comes in: the same for API, admin, customer pages and commands.

Two texts that look alike are then one text, so that what a person types finds what was stored, and nothing is stored
that nobody sees.
"""

import re
import unicodedata

from orders.cards import holds_card_number

CARD_NUMBER = "must not contain a card number"
CONTROL = "must not contain control characters"
INVISIBLE = "must not contain invisible characters: please type it anew"
DIRECTION = "must not contain characters that turn the direction of writing: please type it anew"
UNKNOWN = "must not contain characters that Unicode does not define: please type it anew"

_LINE_ENDS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
# Embeddings, overrides and isolates: they make a text look like another.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Drawn as nothing, though Unicode counts them among letters, marks and symbols.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")
# Of the format characters these are drawn: signs that Arabic and Kaithi write before a number.
_DRAWN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u08e2\U000110bd\U000110cd")
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_EMOJI_STYLE, _KEYCAP = "\ufe0f", "\u20e3"
_SKINS = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
# Scripts in which the joiners change how a word is written, by the first word of their letters' names.
_JOINED_SCRIPTS = (
    "ARABIC SYRIAC MANDAIC MONGOLIAN NKO DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA MALAYALAM"
    " SINHALA KHMER MYANMAR TIBETAN BALINESE JAVANESE"
)
_VIRAMA = 9


def normalised(text: str, *, multiline: bool = False) -> str:
    """The text as it is stored: composed (NFC), with plain blanks, and none of them at its ends.

    Raises:
        ValueError: it holds a card number, or what nobody sees; the message says what must go.
    """
    clean = visible(text, multiline=multiline)
    if holds_card_number(clean):
        raise ValueError(CARD_NUMBER)
    return clean


def visible(text: str, *, multiline: bool = False) -> str:
    """The same for what may look like a card number, as article numbers do.

    Raises:
        ValueError: it holds what nobody sees.
    """
    composed = unicodedata.normalize("NFC", text)
    if multiline:
        composed = _LINE_ENDS.sub("\n", composed).replace("\t", " ")
    clean = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in composed).strip()
    for place, letter in enumerate(clean):
        if not (multiline and letter == "\n"):
            _check(clean, place, letter)
    return clean


def _check(text: str, place: int, letter: str) -> None:
    category = unicodedata.category(letter)
    if category in ("Cc", "Cs", "Zl", "Zp"):
        raise ValueError(CONTROL)
    if category in ("Co", "Cn"):
        raise ValueError(UNKNOWN)
    if letter in _TURNS:
        raise ValueError(DIRECTION)
    hidden = letter in _BLANKS or (category == "Cf" and letter not in _DRAWN) or _selects_variant(letter)
    if hidden and not _has_effect(letter, text[place - 1 : place] if place else "", text[place + 1 : place + 2]):
        raise ValueError(INVISIBLE)


def _selects_variant(letter: str) -> bool:
    return (
        "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef" or letter in "\u180b\u180c\u180d\u180f"
    )


def _has_effect(letter: str, before: str, after: str) -> bool:
    """Whether it changes what is drawn beside it, as joiners do in Persian and in emoji."""
    if not before:
        return False
    if letter == _JOINER and after and _is_emoji(after) and (_is_emoji(before) or before == _EMOJI_STYLE):
        return True
    if letter in (_JOINER, _NON_JOINER):
        # After a virama it changes the letter before it, also where the word ends.
        return unicodedata.combining(before) == _VIRAMA or (_is_joined(before) and _is_joined(after))
    if letter == _EMOJI_STYLE and before in "0123456789#*":
        return after == _KEYCAP
    return _selects_variant(letter) and (_is_emoji(before) or _script(before) in ("CJK", "MONGOLIAN", "MYANMAR"))


def _is_emoji(letter: str) -> bool:
    """Symbols at large: a joiner or a style between two of them hides nothing that is read."""
    return letter in _SKINS or letter in "‼⁉〰〽ℹ" or unicodedata.category(letter) in ("So", "Sm")


def _is_joined(letter: str) -> bool:
    return bool(letter) and unicodedata.category(letter)[0] in "LM" and _script(letter) in _JOINED_SCRIPTS.split()


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
