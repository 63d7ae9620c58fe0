"""Carriers and their services as rows: the three that were written in the code, and the links of `CARRIER_LINKS`."""

import logging
import re

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import environ
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

logger = logging.getLogger(__name__)

# Code, name and heaviest parcel in grams, with the working days of each service level.
CARRIERS = (
    ("parcelpost", "Parcel Post", 20_000, {"standard": (2, 5)}),
    ("swiftline", "Swiftline", 31_500, {"standard": (2, 4), "express": (1, 2)}),
    ("heavyhaul", "Heavy Haul", 2_000_000, {"standard": (4, 8), "express": (2, 4)}),
)


def make_carriers(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    carriers, services = apps.get_model("orders", "Carrier"), apps.get_model("orders", "CarrierService")
    for number, (code, name, max_weight, levels) in enumerate(CARRIERS, start=1):
        carrier = carriers.objects.create(code=code, name=name, position=10 * number)
        for level, (first, last) in levels.items():
            services.objects.create(
                carrier=carrier, service_level=level, max_weight=max_weight, min_days=first, max_days=last
            )
    for code, link in _links().items():
        if not link.startswith("https://") or "{number}" not in link or not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", code):
            logger.warning("CARRIER_LINKS: %s was not taken over: its link must be https and contain {number}.", code)
            continue
        carriers.objects.update_or_create(
            code=code, defaults={"tracking_link": link}, create_defaults={"name": code, "tracking_link": link}
        )


def _links() -> dict[str, str]:
    pairs = (pair.partition("=") for pair in environ.Env().list("CARRIER_LINKS", default=[]))
    return {code.strip(): link.strip() for code, _, link in pairs}


class Migration(migrations.Migration):
    dependencies = (("orders", "0038_authorised_payments"),)
    operations = (
        migrations.CreateModel(
            name="Carrier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="Named in the API and in webhooks. It cannot be changed later.",
                        max_length=40,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9][a-z0-9._-]*\\Z", "Use lower-case letters, digits, “.”, “_” and “-”."
                            )
                        ],
                    ),
                ),
                ("name", models.CharField(help_text="As customers read it.", max_length=60)),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=100,
                        help_text="Preference: of the carriers that take a parcel, the one with the lowest number gets it.",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True, help_text="An inactive carrier gets no new parcels.", verbose_name="active"
                    ),
                ),
                (
                    "tracking_link",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The carrier's tracking page, with {number} for the number: https://carrier.example/track/{number}",
                        max_length=300,
                    ),
                ),
            ],
            options={
                "db_table": "carriers",
                "ordering": ("position", "code"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("tracking_link", ""),
                            models.Q(
                                ("tracking_link__startswith", "https://"), ("tracking_link__contains", "{number}")
                            ),
                            _connector="OR",
                        ),
                        name="carriers_tracking_link_form",
                        violation_error_message="The tracking link must begin with https:// and contain {number}.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CarrierService",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "service_level",
                    models.CharField(
                        help_text="As shops order it: standard, express.",
                        max_length=40,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z][a-z0-9_]*\\Z", "Use lower-case letters, digits and “_”."
                            )
                        ],
                    ),
                ),
                (
                    "max_weight",
                    models.PositiveIntegerField(
                        help_text="The heaviest parcel, in grams.",
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "countries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2),
                        blank=True,
                        default=list,
                        help_text="Country codes, such as DE,AT. Empty: every country that is served.",
                        size=None,
                    ),
                ),
                (
                    "min_days",
                    models.PositiveSmallIntegerField(help_text="Working days until a parcel arrives, at the earliest."),
                ),
                (
                    "max_days",
                    models.PositiveSmallIntegerField(help_text="Working days until it arrives, at the latest."),
                ),
                (
                    "carrier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="services",
                        to="orders.carrier",
                    ),
                ),
            ],
            options={
                "db_table": "carrier_services",
                "ordering": ("carrier", "service_level"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("carrier", "service_level"),
                        name="carrier_services_level_unique",
                        violation_error_message="This carrier has this service level already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("max_weight__gt", 0)),
                        name="carrier_services_weight_positive",
                        violation_error_message="The heaviest parcel must weigh at least 1 gram.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("min_days__lte", models.F("max_days"))),
                        name="carrier_services_days_in_order",
                        violation_error_message="A parcel cannot arrive later at the earliest than at the latest.",
                    ),
                ],
            },
        ),
        migrations.RunPython(make_carriers, migrations.RunPython.noop),
    )
