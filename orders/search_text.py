"""The words by which an order is found: what its pages show, folded, and what a person types, folded the same way.

A text is split at blanks into chunks. Each part of a chunk, as punctuation divides it, begins a word that runs to the
chunk's end: `A/B` gives `ab` and `b`, `j.smith@example.com` gives `jsmithexamplecom`, `smithexamplecom`, `examplecom`
and `com`. What is typed is joined in the same way and compared with the beginnings of words, so that punctuation
counts neither where it was stored nor where it was typed.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

# Letters of a word, decomposed, that are stored and compared.
MAX_WORD = 40
# An order of a hundred items, each with a name of its own, stays below it; PostgreSQL takes a megabyte of words.
MAX_TEXT = 60_000
# A page shows no line that is longer, and nobody types one.
MAX_TYPED = 1000
MAX_TYPED_WORDS = 40
# Shorter beginnings are those of too many words to be read from the index.
MIN_PREFIX = 3
MIN_LAST_DIGITS = 4
# Stands before a tracking number written backwards, and in no other word of letters.
BACKWARDS = "."

_WORD = re.compile(r"[^\W_]+")
# Their marks are accents, points or vowels that people leave out; in other scripts a mark is part of the spelling.
_MARKS_DROPPED = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "HEBREW", "ARABIC", "SYRIAC"})
# Thai, Lao, Burmese, Hangul, Khmer, kana and Han: a word, or a given name, may begin at any letter.
_UNSPACED = re.compile(
    "[\u0e01-\u0eff\u1000-\u109f\u1100-\u115f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\U00020000-\U000323af]"
)
# What Unicode does not decompose, and what Arabic and Persian keyboards write differently.
_FOLDED = {
    **str.maketrans("øđðłħŧıŋĸƀƒґ", "oddlhtinkbfг"),
    **str.maketrans("\u0649\u06cc\u06a9\u0629", "\u064a\u064a\u0643\u0647", "\u0640"),
    ord("þ"): "th",
    ord("æ"): "ae",
    ord("œ"): "oe",
}


class Searchable(Protocol):
    """What an order's words are taken from: an `Order`, or the row of one that is made up."""

    code: str
    reference: str | None
    customer_name: str
    customer_email: str
    shipping_address: Mapping[str, str]


class SearchableItem(Protocol):
    """What an item's words are taken from."""

    @property
    def sku(self) -> str: ...

    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class SearchTerm:
    """A word that was typed. Each order that is meant has a word that begins with one of `prefixes`."""

    prefixes: tuple[str, ...]

    @property
    def is_selective(self) -> bool:
        """It is long enough to be looked up in the index by its beginning."""
        return len(self.prefixes[0]) >= MIN_PREFIX or bool(_UNSPACED.match(self.prefixes[0]))


def search_text(order: Searchable, items: Iterable[SearchableItem], tracking_numbers: Iterable[str]) -> str:
    """The words of an order, each once, with blanks between them."""
    address = order.shipping_address
    found: dict[str, None] = {}
    for number in (order.code, order.reference or "", address.get("postal_code", "")):
        found.update(dict.fromkeys(_number_words(number)))
    lines = (address.get(field, "") for field in ("street", "street2", "city", "state", "country"))
    for text in (order.customer_name, order.customer_email, *lines):
        found.update(dict.fromkeys(_words(text)))
    for number in tracking_numbers:
        found.update(dict.fromkeys(_tracking_words(number)))
    for item in items:
        found.update(dict.fromkeys((*_number_words(item.sku), *_words(item.name))))
    return _joined(found)


def with_tracking_number(text: str, number: str) -> str:
    """An order's words, and those of one more tracking number."""
    return _joined(dict.fromkeys((*_tracking_words(number), *text.split())))


def interpretations(typed: str) -> list[list[SearchTerm]]:
    """What `typed` may mean, the likeliest first: all terms of one must match. None if it has no word.

    `A/B` is read as `ab`, and then as `a` and `b`, because a name may be stored either way. Of an e-mail address there
    is one interpretation.
    """
    if len(typed) > MAX_TYPED:
        return []
    chunks = [_parts(chunk) for chunk in _chunks(typed)]
    if not any(chunks):
        signs = [_leading_signs(chunk) for chunk in typed.split()]
        return [[SearchTerm((sign,)) for sign in dict.fromkeys(signs) if sign][:MAX_TYPED_WORDS]] if any(signs) else []
    joined = ["".join(parts) for parts in chunks if parts]
    divided = [part for parts in chunks for part in parts]
    found = [_typed_words(joined)]
    if divided != joined and "@" not in typed:
        found.append(_typed_words(divided))
    return found


def _typed_words(texts: Iterable[str]) -> list[SearchTerm]:
    words = []
    for text in dict.fromkeys(text[:MAX_WORD] for text in texts):
        is_number = text.isascii() and text.isdecimal() and len(text) >= MIN_LAST_DIGITS
        words.append(SearchTerm((text, BACKWARDS + text[::-1]) if is_number else (text,)))
    return words[:MAX_TYPED_WORDS]


def _joined(words: Iterable[str]) -> str:
    text = " ".join(words)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT].rpartition(" ")[0]


def _words(text: str) -> Iterator[str]:
    for chunk in text.split():
        if signs := _leading_signs(chunk):
            yield signs
    for chunk in _chunks(text):
        yield from _word_beginnings(_parts(chunk))


def _number_words(text: str) -> Iterator[str]:
    """The words of a number, in which blanks count as little as dashes."""
    yield from _words(text)
    yield from _word_beginnings(_parts(_folded(text)))


def _tracking_words(number: str) -> Iterator[str]:
    yield from _number_words(number)
    if backwards := "".join(_parts(_folded(number)))[::-1]:
        yield (BACKWARDS + backwards)[:MAX_WORD]


def _word_beginnings(parts: list[str]) -> Iterator[str]:
    """From each part to the end of its chunk; where no blanks divide words, from each letter."""
    whole, start = "".join(parts), 0
    for part in parts:
        yield whole[start : start + MAX_WORD]
        if not part.isascii():
            for match in _UNSPACED.finditer(whole, start + 1, start + len(part)):
                if not unicodedata.category(match[0]).startswith("M"):
                    yield whole[match.start() : match.start() + MAX_WORD]
        start += len(part)


def _chunks(text: str) -> list[str]:
    return _folded(text).split()


def _parts(chunk: str) -> list[str]:
    """The runs of letters, digits and the marks that belong to them; `chunk` is folded."""
    if chunk.isascii():
        return _WORD.findall(chunk)
    return "".join(letter if _is_of_word(letter) else " " for letter in chunk).split()


def _is_of_word(letter: str) -> bool:
    # Letters by name only: apostrophes and the like, as in Hawaiian and in names that were pasted.
    return unicodedata.category(letter)[0] in "LMN" and not "\u02b0" <= letter <= "\u02ff"


def _leading_signs(chunk: str) -> str:
    """The punctuation and symbols with which a chunk begins: somebody's name may be `★`."""
    signs = ""
    for letter in chunk:
        kind = unicodedata.category(letter)[0]
        if kind in "LN" or len(signs) == MAX_WORD:
            break
        signs += letter if kind in "PS" else ""
    return signs


def _folded(text: str) -> str:
    """Without case, accents and differences of form; digits of every script are 0 to 9."""
    if text.isascii():
        return text.lower()
    # Typed for an apostrophe, and decomposed into a blank with an accent.
    plain = _without_marks(unicodedata.normalize("NFKD", text.replace("´", "'"))).casefold()
    plain = _without_marks(unicodedata.normalize("NFKD", plain)).translate(_FOLDED)
    return "".join(letter if letter.isascii() else str(unicodedata.decimal(letter, letter)) for letter in plain)


def _without_marks(text: str) -> str:
    """Without the marks that people leave out, and without what is not seen; `text` is decomposed."""
    kept, drops = [], True
    for letter in text:
        kind = unicodedata.category(letter)
        if kind in ("Cf", "Cn", "Co", "Cs", "Me") or "\ufe00" <= letter <= "\ufe0f" or letter >= "\U000e0100":
            continue
        if kind in ("Mn", "Mc"):
            if not drops:
                kept.append(letter)
            continue
        drops = letter.isascii() or kind[0] != "L" or unicodedata.name(letter, "").partition(" ")[0] in _MARKS_DROPPED
        kept.append(letter)
    return "".join(kept)
