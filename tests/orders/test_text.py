"""Text from outside: what is taken, as what, and what is refused."""

import contextlib

import pytest

from orders.text import CARD_NUMBER, CONTROL, DIRECTION, INVISIBLE, UNKNOWN, normalised, visible

TAKEN = [
    ("Jose\u0301", "José"),
    ("\u1112\u1161\u11ab", "한"),
    ("Å", "Å"),
    ("  John\u00a0Doe\u3000", "John Doe"),
    ("A/B GmbH & Söhne", "A/B GmbH & Söhne"),
    ("山田\u3000太郎", "山田 太郎"),
    ("葛\U000e0100飾区", "葛\U000e0100飾区"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("ක්\u200dෂ", "ක්\u200dෂ"),
    ("ന്\u200d", "ന്\u200d"),
    ("র\u200c্য", "র\u200c্য"),
    ("❤\ufe0f", "❤\ufe0f"),
    ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
    ("👩🏽\u200d🚀", "👩🏽\u200d🚀"),
    ("👁\ufe0f\u200d🗨\ufe0f", "👁\ufe0f\u200d🗨\ufe0f"),
    ("שלום", "שלום"),
    ("", ""),
    (" \t\n", ""),
    ("4111 1111 1111 1112", "4111 1111 1111 1112"),
]
REFUSED = [
    *((letter, INVISIBLE) for letter in "\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2063\ufeff\u00ad\u061c\u180e"),
    *((letter, INVISIBLE) for letter in "\u115f\u1160\u3164\uffa0\u2800\u034f\ufe0e\ufe0f\ufff9\ufffc\U000e0100"),
    *((f"a{letter}b", INVISIBLE) for letter in "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f\U000e0101\U000e0061"),
    ("ann@example.com\u200b", INVISIBLE),
    ("می\u200c", INVISIBLE),
    ("می\u200c\u200cخواهم", INVISIBLE),
    ("1\ufe0f", INVISIBLE),
    ("👩\u200d", INVISIBLE),
    ("🏴\U000e0067\U000e0062\U000e007f", INVISIBLE),
    *((f"a{letter}b", DIRECTION) for letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
    *((f"a{letter}b", CONTROL) for letter in "\0\a\t\n\r\x1b\x7f\x85\u2028\u2029\ud800\udfff"),
    *((f"a{letter}b", UNKNOWN) for letter in "\ue000\uf8ff\U000f0000\U0010fffd\ufffe\uffff\u0378\U000e0fff"),
]
CARDS = [
    "4111 1111 1111 1111",
    "4111111111111111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "4111–1111–1111–1111",
    "4111 - 1111 - 1111 - 1111",
    "4111  1111  1111  1111",
    "4111/1111/1111/1111",
    "4111_1111_1111_1111",
    "4111, 1111, 1111, 1111",
    "4111\u00a01111\u00a01111\u00a01111",
    "４１１１１１１１１１１１１１１１",
    "٤١١١١١١١١١١١١١١١",
    "mine is 378282246310005, until 12/27",
]


@pytest.mark.parametrize(("typed", "stored"), TAKEN, ids=ascii)
def test_a_text_is_stored_composed_and_trimmed(typed: str, stored: str) -> None:
    assert normalised(typed) == stored
    assert normalised(stored) == stored


@pytest.mark.parametrize(("typed", "fault"), REFUSED, ids=ascii)
def test_what_nobody_sees_is_refused_with_a_reason(typed: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{fault}$"):
        visible(typed)


@pytest.mark.parametrize("typed", CARDS)
def test_a_card_number_is_refused_however_it_is_written(typed: str) -> None:
    with pytest.raises(ValueError, match=f"^{CARD_NUMBER}$"):
        normalised(f"Lamp: {typed}")


def test_several_lines_are_one_kind_of_lines() -> None:
    assert normalised("one\r\ntwo\rthree\u2028four\tfive\n", multiline=True) == "one\ntwo\nthree\nfour five"


def test_a_card_number_is_found_over_several_lines_too() -> None:
    with pytest.raises(ValueError, match=CARD_NUMBER):
        normalised("4111 1111\r\n1111 1111", multiline=True)


def test_an_article_number_may_look_like_a_card_number() -> None:
    assert visible("4111111111111111") == "4111111111111111"


@pytest.mark.parametrize("plane", range(17))
def test_what_is_taken_is_taken_as_it_is_when_it_comes_again(plane: int) -> None:
    for code in range(plane << 16, (plane + 1) << 16, 7):
        with contextlib.suppress(ValueError):
            stored = visible(f"a{chr(code)}b")
            assert visible(stored) == stored
