"""Card numbers in texts: found so that they can be refused, because none may be stored or logged."""

import re
import unicodedata
from itertools import accumulate

# Runs of digits in groups, as people write card numbers: with blanks, dashes, dots or strokes between the groups.
_RUN = re.compile(r"\d+(?:[\s.,·:_/|\-‐‑‒–—―−]{1,3}\d+)*")
_GROUP = re.compile(r"\d+")
# Visa, Mastercard (both ranges), Discover, JCB and UnionPay with 16 digits; American Express and old JCB with 15.
_ISSUED = re.compile(
    r"(?:4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3[47]\d{13}|(?:1800|2131)\d{11})\Z"
)


def holds_card_number(text: str) -> bool:
    """Whether the text holds 15 or 16 digits with an issuer's prefix and a right check digit (Luhn)."""
    # Digits of every script count: who reads them types them in as ASCII.
    plain = "".join(str(unicodedata.decimal(sign, sign)) for sign in unicodedata.normalize("NFKC", text))
    return any(_in_run(_GROUP.findall(run)) for run in _RUN.findall(plain))


def _in_run(groups: list[str]) -> bool:
    """Whether whole groups, one after the other, make a card number."""
    # Sixteen groups are enough: each has a digit at least.
    joined = (together for start in range(len(groups)) for together in accumulate(groups[start : start + 16]))
    return any(len(digits) in (15, 16) and bool(_ISSUED.match(digits)) and _luhn(digits) for digits in joined)


def _luhn(digits: str) -> bool:
    values = [int(digit) for digit in reversed(digits)]
    return sum(values[0::2] + [sum(divmod(2 * value, 10)) for value in values[1::2]]) % 10 == 0
