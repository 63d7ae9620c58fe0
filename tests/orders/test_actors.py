"""Actors as they are stored, and read back."""

import pytest

from orders.actors import Actor, parse_actor
from orders.selectors.timeline import names_of

STORED = [
    ("staff:7", (Actor.STAFF, "7")),
    ("client:shop", (Actor.CLIENT, "shop")),
    ("client:shop:eu", (Actor.CLIENT, "shop:eu")),
    ("carrier:parcelpost", (Actor.CARRIER, "parcelpost")),
    ("timer", (Actor.TIMER, "")),
    ("robot:7", (None, "7")),
    ("", (None, "")),
]


@pytest.mark.parametrize(("stored", "parsed"), STORED)
def test_it_parses_a_stored_actor(stored: str, parsed: tuple[Actor | None, str]) -> None:
    assert parse_actor(stored) == parsed


@pytest.mark.parametrize(("actor", "key"), [(Actor.STAFF, 7), (Actor.CLIENT, "shop:eu")])
def test_it_parses_what_it_names(actor: Actor, key: object) -> None:
    assert parse_actor(actor.named(key)) == (actor, str(key))


@pytest.mark.parametrize("actor", Actor)
def test_an_actor_without_a_key_is_stored_as_its_kind(actor: Actor) -> None:
    assert f"{actor}" == actor.value
    assert parse_actor(actor) == (actor, "")


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ("staff:none", "staff"),
        ("staff:²", "staff"),
        ("client:shop", "shop (API)"),
        ("client", "an API client"),
        ("carrier:parcelpost", "the carrier"),
        ("system", "Orderlife"),
        ("robot:7", "robot:7"),
    ],
)
def test_it_says_who_acted(stored: str, name: str) -> None:
    assert names_of([stored]) == {stored: name}
