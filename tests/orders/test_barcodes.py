"""Code 128, read back from the drawing by a decoder written from the standard's other side."""

import re
import string

import pytest

from orders import barcodes


def read(drawing: str) -> str:
    """What a scanner reads: bars and spaces to modules, modules to values, values to letters; the check value holds."""
    modules: list[int] = []
    for start, width in re.findall(r"M(\d+) 0h(\d+)v", drawing):
        modules += [0] * (int(start) - len(modules)) + [1] * int(width)
    bits = "".join(map(str, modules)).lstrip("0")
    known = {bits_of(value): value for value in range(106)}
    assert bits.endswith("1100011101011")
    values = [known[bits[at : at + 11]] for at in range(0, len(bits) - 13, 11)]
    start, *letters, check = values
    assert (start + sum(place * value for place, value in enumerate(letters, 1))) % 103 == check
    return "".join(chr(value + 32) for value in letters)


def bits_of(value: int) -> str:
    """The eleven modules of a value."""
    return "".join(str((place + 1) % 2) * int(width) for place, width in enumerate(barcodes._WIDTHS[value]))


@pytest.mark.parametrize("text", ["H74-GVC-8BX", "A", string.printable.strip(), "JD014600003SE"])
def test_what_is_drawn_is_read_back(text: str) -> None:
    assert read(str(barcodes.svg(text)).replace("&lt;", "<")) == text


def test_every_value_is_eleven_modules_with_an_even_number_of_bars_and_no_two_are_alike() -> None:
    table = barcodes._WIDTHS[:-1]
    assert len(set(table)) == len(table) == 106
    assert {sum(map(int, widths)) for widths in table} == {11}
    assert {sum(map(int, widths[::2])) % 2 for widths in table} == {0}


def test_a_known_symbol_has_its_known_check_value() -> None:
    assert barcodes.values("Wikipedia") == [104, 55, 73, 75, 73, 80, 69, 68, 73, 65, 88, 106]
    assert [bits_of(value) for value in (104, 55, 73)] == ["11010010000", "11101000110", "10000110100"]


@pytest.mark.parametrize("text", ["", "naïve", "a\nb"])
def test_what_the_code_set_has_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        barcodes.svg(text)


def test_it_says_what_it_holds() -> None:
    assert 'aria-label="Barcode A&lt;B"' in barcodes.svg("A<B")
