"""A postal address as a value: parsed at the interfaces, kept as JSON, printed on the label."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from babel.core import Locale

from orders.errors import InvalidOrder
from orders.postal_codes import postal_code
from orders.text import normalised

_NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
COUNTRIES = frozenset(str(code) for code in Locale("en").territories if len(str(code)) == 2) - _NO_COUNTRIES

MAX_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a parcel goes. `country` is an ISO 3166 code of two letters; `state` is any region a label needs."""

    street: str
    city: str
    street2: str = ""
    state: str = ""
    postal_code: str = ""
    country: str

    def as_json(self) -> dict[str, str]:
        """The form in which it is stored and answered."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The lines of a label."""
        region = " ".join(part for part in (self.state, self.postal_code) if part)
        return [line for line in (self.street, self.street2, f"{self.city} {region}".strip(), self.country) if line]


FIELDS = tuple(field.name for field in fields(Address))


def parse_address(data: object, *, default_country: str, pointer: str = "") -> Address:
    """The address that `data` describes, its texts normalised and its postal code as the country writes it.

    Raises:
        InvalidOrder: with a JSON pointer, below `pointer`, and a sentence for every field that is wrong.
    """
    if not isinstance(data, Mapping):
        raise InvalidOrder({pointer or "/": "must be an object with street, city and country"})
    errors = {f"{pointer}/{name}": "is not a field of an address" for name in data if name not in FIELDS}
    values = {}
    for name in FIELDS:
        try:
            values[name] = _line(data.get(name, ""), required=name in ("street", "city"))
        except ValueError as fault:
            errors[f"{pointer}/{name}"] = str(fault)
    country = values["country"] = values.get("country", "").upper() or default_country
    if country not in COUNTRIES:
        errors.setdefault(f"{pointer}/country", "must be an ISO 3166 country code of two letters")
    if errors:
        raise InvalidOrder(errors)
    values["postal_code"] = postal_code(values["postal_code"], country)
    return Address(**values)


def _line(value: object, *, required: bool) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - one kind of error for all that is wrong with it
    line = normalised(value)
    if required and not line:
        raise ValueError("is missing")
    if len(line) > MAX_LENGTH:
        raise ValueError(f"must have at most {MAX_LENGTH} characters")
    return line
