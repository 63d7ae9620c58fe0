"""What a person says of a parcel that is handed over."""

from collections.abc import Mapping
from dataclasses import dataclass

from orders.text import normalised

# As long as the columns are.
MAX_LENGTHS = {"carrier": 40, "tracking_number": 100}
# What a carrier tells of a parcel on its way.
SCANS = ("in_transit", "out_for_delivery", "exception")


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Its carrier and its tracking number. Empty: it has none, or nobody named it."""

    carrier: str = ""
    tracking_number: str = ""


def parse_parcel(args: Mapping[str, object]) -> Parcel:
    """The parcel that a command's arguments name.

    Raises:
        ValueError: one of them is no text, too long, or holds what may not be stored; the message is for people.
    """
    return Parcel(carrier=_named(args, "carrier"), tracking_number=_named(args, "tracking_number"))


def _named(args: Mapping[str, object], name: str) -> str:
    label, most = name.replace("_", " "), MAX_LENGTHS[name]
    given = args.get(name) or ""
    if not isinstance(given, str):
        raise ValueError(f"The {label} must be a text.")  # noqa: TRY004 - all that is wrong with it is one error
    try:
        text = normalised(given)
    except ValueError as error:
        raise ValueError(f"The {label} {error}.") from None
    if len(text) > most:
        raise ValueError(f"The {label} must have at most {most} characters.")
    return text
