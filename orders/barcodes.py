"""Barcodes that any scanner reads: Code 128 (ISO/IEC 15417), code set B, drawn as SVG."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

# The widths of bars and spaces in turn, for the values 0 to 105 and the stop. Each but the stop is 11 modules wide.
_TABLE = """
    212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
    123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321
    232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
    313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224
    111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111
    111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
    114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112
"""
_WIDTHS = _TABLE.split()
_START_B, _STOP = 104, 106
_FIRST, _LAST = " ", "~"
# Scanners want ten empty modules on either side.
_QUIET = 10
_HEIGHT = 40


def values(text: str) -> list[int]:
    """The values of the symbol: start, the letters, their check value, stop.

    Raises:
        ValueError: the text has letters that code set B has not.
    """
    if not text or any(not _FIRST <= letter <= _LAST for letter in text):
        raise ValueError("A barcode holds printable ASCII letters.")
    letters = [ord(letter) - ord(_FIRST) for letter in text]
    check = (_START_B + sum(place * value for place, value in enumerate(letters, start=1))) % 103
    return [_START_B, *letters, check, _STOP]


def widths(text: str) -> list[int]:
    """The widths of bars and spaces in turn, in modules, beginning and ending with a bar."""
    return [int(width) for value in values(text) for width in _WIDTHS[value]]


def svg(text: str) -> SafeString:
    """The barcode as an image of its own; it is as wide as its place lets it be."""
    bars, at = [], _QUIET
    for number, width in enumerate(widths(text)):
        if number % 2 == 0:
            bars.append(f"M{at} 0h{width}v{_HEIGHT}h-{width}z")
        at += width
    return format_html(
        '<svg class="ol-barcode" viewBox="0 0 {} {}" role="img" aria-label="Barcode {}" preserveAspectRatio="none" '
        'xmlns="http://www.w3.org/2000/svg"><path fill="#000" shape-rendering="crispEdges" d="{}"/></svg>',
        at + _QUIET,
        _HEIGHT,
        text,
        "".join(bars),
    )
