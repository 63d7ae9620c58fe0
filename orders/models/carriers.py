"""Carriers and their services, and what each process remembers of them for a few seconds."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models import F, Q

from orders.address import COUNTRIES
from orders.carriers import NUMBER, CarrierOffer, filled_link

# Another process's change is seen after so many seconds.
CACHE_SECONDS = 5.0
SIMULATED_LEVELS = "sim_"


class _CarrierRow(models.Model):
    """What is saved or deleted counts at once in this process."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        forget_carriers()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        deleted = super().delete(*args, **kwargs)
        forget_carriers()
        return deleted


class Carrier(_CarrierRow):
    """Who carries parcels. The first active one, by `position`, whose service takes a parcel gets it."""

    code = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"\A[a-z0-9][a-z0-9._-]*\Z", "Use lower-case letters, digits, “.”, “_” and “-”.")],
        help_text="Named in the API and in webhooks. It cannot be changed later.",
    )
    name = models.CharField(max_length=60, help_text="As customers read it.")
    position = models.PositiveSmallIntegerField(
        default=100, help_text="Preference: of the carriers that take a parcel, the one with the lowest number gets it."
    )
    is_active = models.BooleanField("active", default=True, help_text="An inactive carrier gets no new parcels.")
    tracking_link = models.CharField(
        max_length=300,
        default="",
        blank=True,
        help_text="The carrier's tracking page, with {number} for the number: https://carrier.example/track/{number}",
    )

    class Meta:
        db_table = "carriers"
        ordering = ("position", "code")
        constraints = [
            models.CheckConstraint(
                condition=Q(tracking_link="")
                | Q(tracking_link__startswith="https://") & Q(tracking_link__contains=NUMBER),
                name="carriers_tracking_link_form",
                violation_error_message="The tracking link must begin with https:// and contain {number}.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The tracking link leads to a page of its own for each parcel."""
        if not self.tracking_link:
            return
        if not self.tracking_link.startswith("https://"):
            raise ValidationError({"tracking_link": "Begin with https://, such as https://carrier.example/{number}."})
        if NUMBER not in self.tracking_link:
            raise ValidationError({"tracking_link": "Write {number} where the tracking number belongs."})


class CarrierService(_CarrierRow):
    """One service level of a carrier: up to which weight in grams, where to, and within how many working days."""

    carrier = models.ForeignKey(Carrier, models.CASCADE, db_index=False, related_name="services")
    service_level = models.CharField(
        max_length=40,
        validators=[RegexValidator(r"\A[a-z][a-z0-9_]*\Z", "Use lower-case letters, digits and “_”.")],
        help_text="As shops order it: standard, express.",
    )
    max_weight = models.PositiveIntegerField(
        validators=[MinValueValidator(1)], help_text="The heaviest parcel, in grams."
    )
    countries = ArrayField(
        models.CharField(max_length=2),
        default=list,
        blank=True,
        help_text="Country codes, such as DE,AT. Empty: every country that is served.",
    )
    min_days = models.PositiveSmallIntegerField(help_text="Working days until a parcel arrives, at the earliest.")
    max_days = models.PositiveSmallIntegerField(help_text="Working days until it arrives, at the latest.")

    class Meta:
        db_table = "carrier_services"
        ordering = ("carrier", "service_level")
        constraints = [
            models.UniqueConstraint(
                fields=["carrier", "service_level"],
                name="carrier_services_level_unique",
                violation_error_message="This carrier has this service level already.",
            ),
            models.CheckConstraint(
                condition=Q(max_weight__gt=0),
                name="carrier_services_weight_positive",
                violation_error_message="The heaviest parcel must weigh at least 1 gram.",
            ),
            models.CheckConstraint(
                condition=Q(min_days__lte=F("max_days")),
                name="carrier_services_days_in_order",
                violation_error_message="A parcel cannot arrive later at the earliest than at the latest.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.carrier}, {self.service_level}"

    def clean(self) -> None:
        """Countries are codes of ISO 3166, and the names of simulated service levels are taken."""
        self.countries = sorted({country.strip().upper() for country in self.countries or []})
        if unknown := [country for country in self.countries if country not in COUNTRIES]:
            raise ValidationError({"countries": f"Not a country code: {', '.join(unknown)}. Use codes such as DE."})
        if self.service_level.startswith(SIMULATED_LEVELS):
            raise ValidationError({"service_level": "Names that begin with sim_ belong to the simulated carrier."})


@dataclass(frozen=True)
class KnownCarriers:
    """The rows as they were last read: names and tracking links of all carriers, offers of the active ones."""

    names: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    offers: tuple[CarrierOffer, ...] = ()
    active_names: tuple[str, ...] = ()

    def code_of(self, named: str) -> str:
        """The code of the carrier that somebody named by its code or its name; else what was named."""
        wanted = named.strip().casefold()
        found = (code for code, name in self.names.items() if wanted in (code, name.casefold()))
        return next(found, named)


class _Cache:
    """What this process read last, and when."""

    def __init__(self) -> None:
        self.known: KnownCarriers | None = None
        self.read_at = 0.0


_cache = _Cache()


def known_carriers() -> KnownCarriers:
    """The carriers, at most a few seconds old."""
    known = _cache.known
    if known is None or time.monotonic() - _cache.read_at > CACHE_SECONDS:
        known = _cache.known = _known(Carrier.objects.values_list(*_COLUMNS).order_by("position", "code"))
        _cache.read_at = time.monotonic()
    return known


def forget_carriers() -> None:
    """Read the carriers anew when they are next asked for: now, and once the change is committed."""
    _cache.known = None
    transaction.on_commit(_forget)


def _forget() -> None:
    _cache.known = None


def carrier_name(code: str) -> str:
    """The carrier's name for people; of an unknown one, what somebody called it."""
    return known_carriers().names.get(code, code)


def tracking_link(code: str, number: str) -> str:
    """The carrier's page about a parcel; empty if it is not known."""
    known = known_carriers()
    return filled_link(known.links.get(known.code_of(code), ""), number)


_COLUMNS = (
    "code",
    "name",
    "tracking_link",
    "is_active",
    "services__service_level",
    "services__max_weight",
    "services__countries",
    "services__min_days",
    "services__max_days",
)


def _known(rows: Iterable[tuple[Any, ...]]) -> KnownCarriers:
    names, links, offers, active = {}, {}, [], {}
    for code, name, link, is_active, level, max_weight, countries, first, last in rows:
        names[code], links[code] = name, link
        if is_active:
            active[code] = name
        if is_active and level is not None:
            offers.append(
                CarrierOffer(
                    code=code,
                    name=name,
                    service_level=level,
                    max_weight=max_weight,
                    countries=frozenset(countries),
                    min_days=first,
                    max_days=last,
                )
            )
    return KnownCarriers(names, links, tuple(offers), tuple(active.values()))
