"""What a carrier says of a label."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """A booked parcel. `voided`: there is no label under this key, and there will be none."""

    tracking_number: str = ""
    voided: bool = False
