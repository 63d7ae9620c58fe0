"""Text as a cell of a CSV that people open in a spreadsheet: shown as it was written, and never worked out.

An apostrophe is what spreadsheets themselves put before text. A CSV that is opened shows it, which is the price.
"""

import re

# Signs that begin a formula, in every width: some spreadsheets take a full-width sign for the plain one.
_SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫⁺⁻⁼₊₋₌−"
# What separates cells, somewhere: which sign does is a matter of the reader's country and of what they click.
_SEPARATORS = ",;|\t\r\n\v\f\x85\u2028\u2029"
# What may stand before a sign and is passed over: spaces, quotes, and what nobody sees.
_PASSED_OVER = r'[ "\x00-\x08\x0e-\x1f\xa0\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff]*'
# A formula at the beginning, or after what may be read as the end of a cell.
_FORMULA = re.compile(f"(?:^|(?<=[{_SEPARATORS}]))(?={_PASSED_OVER}[{_SIGNS}])")
# A tab or a carriage return is passed over by some, with the cell that it begins.
_CONTROL = re.compile("^ *[\t\r]")
_MONTH = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# What becomes a number, a date or a truth value: 0012345 would lose its zeros, 1E5 and MAR-1 all that they mean.
_MONEY = "$€£¥"
_NUMBER = rf"(?=[^\d]*\d)[\d.({_MONEY}][\d\s.,:/\-+%(){_MONEY}]*(?:e[+-]?\d+)?"
_DATE = rf"\d+[-/. ]*(?:{_MONTH})[a-z]*[-/., \d]*|(?:{_MONTH})[a-z]*[-/., ]*\d[-/., \d]*"
_CONVERTED = re.compile(rf"\s*(?:{_NUMBER}|{_DATE}|true|false)\s*", re.IGNORECASE)


def text_cell(text: str) -> str:
    """The text, marked as such wherever a spreadsheet would read a formula, a number or a date out of it."""
    marked = _FORMULA.sub("'", text)
    if marked.startswith("'") and not text.startswith("'"):
        return marked
    return f"'{marked}" if _CONTROL.match(text) or _CONVERTED.fullmatch(text) else marked
