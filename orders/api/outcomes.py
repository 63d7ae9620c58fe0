"""Commands over HTTP: issued once for each key, answered with what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from orders.api import answers
from orders.api.auth import actor_of, client_of
from orders.api.problems import problem
from orders.commands import CommandState, Kind, accepted_in
from orders.lifecycle import Status
from orders.models import Command
from orders.selectors.clients import order_of_client
from orders.selectors.commands import command_of_order, outcome_of
from orders.services import idempotency
from orders.services.commands import Intention, issue_command


@dataclass(frozen=True)
class Wish:
    """What a client wants of an order."""

    kind: Kind
    reason: str
    args: Mapping[str, object]


def carry_out(request: HttpRequest, order_id: UUID, wish: Wish, key: str, wait: float) -> HttpResponse:
    """Issue the command and answer 202 with it; 409 where the order plainly does not accept it.

    With `wait`, the answer comes as soon as the command is settled, or after so many seconds. The stored answer is the
    one before any waiting; a replay waits again.
    """
    client = client_of(request)
    order = order_of_client(client, order_id)

    def effect() -> idempotency.Answer:
        intention = Intention(kind=wish.kind, actor=actor_of(client), reason=wish.reason, args=wish.args)
        row = issue_command(order.pk, intention)
        status = 409 if row.state == CommandState.REJECTED else 202
        return idempotency.Answer(status, {"command_id": str(row.pk)}, order)

    if key:
        content = {"reason": wish.reason, **wish.args}
        asked = idempotency.Request(
            client=client, method=request.method or "", route=request.path, key=key, content=content
        )
        answer = idempotency.once(asked, effect)
    else:
        answer = effect()
    row = command_of_order(order.pk, UUID(str(answer.body["command_id"])))
    response = _refused(request, row) if answer.status == 409 else _accepted(row, wait)
    if answer.replayed:
        response["Idempotency-Replayed"] = "true"
    return response


def _accepted(row: Command, wait: float) -> HttpResponse:
    body = answers.command(outcome_of(row.pk, within=wait) if wait else row)
    return JsonResponse(body.model_dump(mode="json"), status=202)


def _refused(request: HttpRequest, row: Command) -> HttpResponse:
    status = row.order.status
    return problem(
        request,
        409,
        row.outcome,
        "command_refused",
        command_id=str(row.pk),
        status_of_order=status,
        accepts=[kind.value for kind in accepted_in(Status(status))],
    )
