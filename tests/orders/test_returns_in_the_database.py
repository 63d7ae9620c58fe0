"""What the database itself refuses of returns."""

import pytest
from django.db import IntegrityError

from orders.lifecycle import RETURN_TRANSITIONS, ReturnStage
from orders.models import Return, ReturnItem
from tests.factories import a_return
from tests.orders.test_returns import LAMPS, asked, delivered


def test_the_database_refuses_more_pieces_than_were_bought() -> None:
    row = a_return(delivered(items=LAMPS), (1, 2))
    lamp, _ = row.order.items.order_by("position")
    second = asked(row.order, (2, 1))
    with pytest.raises(IntegrityError, match="more of item"):
        ReturnItem.objects.create(of_return_id=second.pk, item=lamp, quantity=2)


def test_the_database_knows_where_a_return_may_go() -> None:
    row = a_return(delivered())
    allowed = {to for (stage, _), to in RETURN_TRANSITIONS.items() if stage is ReturnStage.REQUESTED}
    for state in set(ReturnStage) - {ReturnStage.REQUESTED} - allowed:
        with pytest.raises(IntegrityError, match=f"a return never goes from requested to {state}"):
            Return.objects.filter(pk=row.pk).update(state=state)


def test_a_return_cannot_be_deleted() -> None:
    row = a_return(delivered())
    for rows, name in (Return.objects.filter(pk=row.pk), "returns"), (row.items.all(), "return_items"):
        with pytest.raises(IntegrityError, match=f"DELETE of {name} is refused"):
            rows._raw_delete(rows.db)
