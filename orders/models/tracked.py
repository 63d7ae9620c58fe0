"""Rows for the unit of work: they know what the database holds, so that a service writes the fields that it changed."""

from collections.abc import Collection
from copy import deepcopy
from typing import Any, Self

from django.db import models


class TrackedModel(models.Model):
    """Compares its fields with what was last read or written."""

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored: dict[str, Any] = {}

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        self.mark_stored(kwargs.get("update_fields"))

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        row = super().from_db(db, field_names, values, **options)
        row.mark_stored()
        return row

    def refresh_from_db(self, using: str | None = None, fields: Any = None, from_queryset: Any = None) -> None:
        super().refresh_from_db(using, fields, from_queryset)
        self.mark_stored(fields)

    def save_changes(self) -> None:
        """Write the fields that differ from the stored ones; runs no statement if none does."""
        if changed := self.changed_fields():
            self.save(update_fields=changed)

    def changed_fields(self) -> list[str]:
        """The names of the fields that differ from the stored ones; all, for a row created in bulk."""
        now, stored = self.__dict__, self._stored
        return [
            field.name
            for field in self._meta.concrete_fields
            if not field.primary_key
            and field.attname in now
            and (field.attname not in stored or now[field.attname] != stored[field.attname])
        ]

    def mark_stored(self, names: Collection[str] | None = None) -> None:
        """Take the current values of these fields, or of all, as stored. Lists and dicts are copied: they can be
        mutated.
        """
        stored = {} if names is None else dict(self._stored)
        for field in self._meta.concrete_fields:
            if field.attname in self.__dict__ and (names is None or field.name in names or field.attname in names):
                value = self.__dict__[field.attname]
                stored[field.attname] = deepcopy(value) if isinstance(value, (list, dict)) else value
        self._stored = stored
