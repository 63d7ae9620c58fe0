"""Rows that know what was read of them, so that a service writes what it changed, and can forget none of it."""

from collections.abc import Collection
from copy import deepcopy
from typing import Any, Self

from django.db import models


class TrackedModel(models.Model):
    """Compares its fields with what was read or written last."""

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
        """Write the fields that differ from what is stored; without any, nothing is sent."""
        if changed := self.changed_fields():
            self.save(update_fields=changed)

    def changed_fields(self) -> list[str]:
        """The names of the fields that differ from what is stored; all of a row that was created in bulk."""
        now, stored = self.__dict__, self._stored
        return [
            field.name
            for field in self._meta.concrete_fields
            if not field.primary_key
            and field.attname in now
            and (field.attname not in stored or now[field.attname] != stored[field.attname])
        ]

    def mark_stored(self, names: Collection[str] | None = None) -> None:
        """Take these fields, or all, for what is stored. Lists and objects are copied: they can change in place."""
        stored = {} if names is None else dict(self._stored)
        for field in self._meta.concrete_fields:
            if field.attname in self.__dict__ and (names is None or {field.name, field.attname} & set(names)):
                value = self.__dict__[field.attname]
                stored[field.attname] = deepcopy(value) if isinstance(value, (list, dict)) else value
        self._stored = stored
