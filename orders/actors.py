"""Who acts: commands, events and approvals store an actor as text, such as `staff:7`, `client:shop` or `timer`."""

from enum import StrEnum


class Actor(StrEnum):
    """The kinds of actors: what stands before the colon."""

    STAFF = "staff"
    CUSTOMER = "customer"
    CLIENT = "client"
    OPERATOR = "operator"
    TIMER = "timer"
    CARRIER = "carrier"
    GATEWAY = "gateway"
    TEMPORAL = "temporal"
    SYSTEM = "system"

    def named(self, key: object) -> str:
        """One of this kind, as it is stored: `Actor.STAFF.named(7)` is `staff:7`."""
        return f"{self}:{key}"


def parse_actor(stored: str) -> tuple[Actor | None, str]:
    """The kind of a stored actor and its key: of `staff:7`, `Actor.STAFF` and `7`.

    The key is empty where there is none, and the kind None where only a newer version knows it.
    """
    kind, _, key = stored.partition(":")
    return (Actor(kind) if kind in list(Actor) else None), key
