"""Builds the one statement of a unit of work: all rows that it adds or changes, written only if the first one is.

The first row is the guard: an order that is inserted, or one that is updated only in the version that was read. Every
other part selects from the guard, so it writes nothing where the guard wrote nothing. The SQL follows from the models'
metadata and is cached by shape (models, operations and columns, without values): a new column needs no SQL by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection, models
from django.db.models import Func

from orders.models.tracked import TrackedModel


@dataclass(frozen=True)
class InsertSelect:
    """Rows that the database itself finds: `INSERT … SELECT … WHERE …`, which is continued with `AND` and the guard."""

    sql: str
    values: tuple[Any, ...]


# The version of an order's row: the transaction that wrote it last. No writer can leave it as it was.
VERSION = Func(template="orders.xmin::text::bigint", output_field=models.BigIntegerField())


# Fields whose values psycopg takes as they are.
PLAIN = (
    models.BooleanField,
    models.CharField,
    models.TextField,
    models.IntegerField,
    models.BigIntegerField,
    models.DateTimeField,
    models.UUIDField,
)


class Shape(NamedTuple):
    """A part without its values. With `is_many`, each value is an array of the values of all rows."""

    model: type[models.Model]
    inserts: bool
    fields: tuple[str, ...]
    is_many: bool = False


Part = models.Model | InsertSelect


def insert_together(parts: Sequence[Part]) -> None:
    """Write the parts, of which the first one is a new row, in one statement."""
    first, *others = parts
    guard, values = _shape_and_values(first)
    if not (isinstance(guard, Shape) and guard.inserts):
        raise TypeError(f"{first} is not a new row.")
    _execute(guard, values, others)
    _mark_stored(parts)


def update_together(order: TrackedModel, version: int, parts: Sequence[Part]) -> int | None:
    """Update the order, if this is still its version, and write the parts, in one statement; returns its new version.

    None: the order has another version by now, and nothing was written.
    """
    # With changes in other rows only, the order gets a new version, too.
    guard, values = _updated(order, order.changed_fields() or ["event_seq"])
    written = _execute(guard, [*values, version], parts)
    if written is not None:
        _mark_stored([order, *parts])
    return written


def _execute(guard: Shape, values: list[Any], parts: Sequence[Part]) -> int | None:
    # New rows of a table are one part, in their order: triggers see those before. The order of parts is not defined.
    alike: dict[Shape | str, list[list[Any]]] = {}
    for shape, row in map(_shape_and_values, parts):
        alike.setdefault(shape, []).append(row)
    shapes: list[Shape | str] = []
    for shape, rows in alike.items():
        if len(rows) > 1 and isinstance(shape, Shape) and shape.inserts:
            shapes.append(shape._replace(is_many=True))
            values += map(list, zip(*rows, strict=True))
        else:
            shapes += [shape] * len(rows)
            values += [value for row in rows for value in row]
    with connection.cursor() as cursor:
        cursor.execute(_sql(guard, tuple(shapes)), values)
        row = cursor.fetchone()
    return row[0] if row else None


def _shape_and_values(part: Part) -> tuple[Shape | str, list[Any]]:
    if isinstance(part, InsertSelect):
        return part.sql, list(part.values)
    if isinstance(part, TrackedModel) and not part._state.adding:
        return _updated(part, part.changed_fields())
    return _inserted(part)


def _inserted(row: models.Model) -> tuple[Shape, list[Any]]:
    names, fields = _insertable(type(row), without_key=row.pk is None)
    values = row.__dict__
    return Shape(type(row), True, names), [
        values[field.attname] if is_plain else field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for field, is_plain in fields
    ]


def _updated(row: models.Model, names: Sequence[str]) -> tuple[Shape, list[Any]]:
    fields = [_field(type(row), name) for name in names]
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in (*fields, row._meta.pk)]
    return Shape(type(row), False, tuple(names)), values


@lru_cache(maxsize=64)
def _insertable(
    model: type[models.Model], *, without_key: bool
) -> "tuple[tuple[str, ...], list[tuple[models.Field[Any, Any], bool]]]":
    fields = [
        field for field in model._meta.concrete_fields if not (field.generated or (field.primary_key and without_key))
    ]
    return tuple(field.name for field in fields), [(field, _is_plain(field)) for field in fields]


def _is_plain(field: "models.Field[Any, Any]") -> bool:
    """Whether psycopg takes the field's values as they are."""
    return type(field) in PLAIN and not getattr(field, "auto_now_add", False) and not getattr(field, "auto_now", False)


def _mark_stored(parts: Sequence[Part]) -> None:
    for row in parts:
        if isinstance(row, models.Model):
            row._state.adding, row._state.db = False, connection.alias
        if isinstance(row, TrackedModel):
            row.mark_stored()


@lru_cache(maxsize=512)
def _sql(guard: Shape, parts: tuple[Shape | str, ...]) -> str:
    written = _insert(guard, source="") if guard.inserts else f"{_update(guard)} AND xmin = (%s::bigint)::text::xid"
    # In RETURNING, xmin is the transaction that writes: the row's new version.
    clauses = [f"written AS ({written} RETURNING xmin::text::bigint AS version)"]
    for number, part in enumerate(parts):
        if isinstance(part, str):
            clause = f"{part} AND EXISTS (SELECT FROM written)"
        elif part.inserts:
            clause = _insert(part, source=" FROM written")
        else:
            clause = f"{_update(part)} AND EXISTS (SELECT FROM written)"
        clauses.append(f"part_{number} AS ({clause})")
    return f"WITH {', '.join(clauses)} SELECT version FROM written"  # noqa: S608 - names of models and columns


def _insert(shape: Shape, *, source: str) -> str:
    columns, casts = _columns(shape), _casts(shape)
    into = f'INSERT INTO "{shape.model._meta.db_table}" ({", ".join(columns)})'
    if not shape.is_many:
        return f"{into} SELECT {', '.join(f'%s::{cast}' for cast in casts)}{source}"
    arrays = ", ".join(f"%s::{cast}[]" for cast in casts)
    return f"{into} SELECT given.*{source}, unnest({arrays}) AS given"


def _update(shape: Shape) -> str:
    new = ", ".join(f"{column} = %s::{cast}" for column, cast in zip(_columns(shape), _casts(shape), strict=True))
    key = shape.model._meta.pk
    return f'UPDATE "{shape.model._meta.db_table}" SET {new} WHERE "{key.column}" = %s::{_cast(key)}'  # noqa: S608


def _columns(shape: Shape) -> list[str]:
    return [f'"{_field(shape.model, name).column}"' for name in shape.fields]


def _casts(shape: Shape) -> list[str]:
    return [_cast(_field(shape.model, name)) for name in shape.fields]


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise TypeError(f"{model.__name__}.{name} has no column.")
    return field


def _cast(field: "models.Field[Any, Any]") -> str:
    """The column's type without its length: an explicit cast to `varchar(20)` would cut a longer value off silently."""
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection)).partition("(")[0]
