"""Commands over HTTP: issued once for each key, answered with their outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Schema

from orders.api import answers
from orders.api.auth import actor_of, client_of
from orders.api.kinds import KIND_OF, KINDS
from orders.api.problems import problem
from orders.api.results import CommandOut
from orders.commands import CommandState, Kind
from orders.errors import OrderError
from orders.models import Approval, Command, Order
from orders.selectors.approvals import undecided
from orders.selectors.commands import command_of_order, outcome_of
from orders.services.commands import idempotency
from orders.services.commands.approvals import issue_or_ask
from orders.services.commands.rows import CommandRequest

Effect = Callable[[], idempotency.Answer]


@dataclass(frozen=True)
class ClientCommand:
    """What a client wants of an order."""

    kind: Kind
    reason: str
    args: Mapping[str, object]


def carry_out(request: HttpRequest, order: Order, wanted: ClientCommand, key: str, wait: float) -> HttpResponse:
    """Issue the command and answer 202 with it; 409 where the order plainly does not accept it.

    With `wait`, the answer comes as soon as the command is settled, or after so many seconds; at once, if too many
    wait. The stored answer is the one before any waiting; a replay waits again.
    """
    client = client_of(request)

    def effect() -> idempotency.Answer:
        request_ = CommandRequest(kind=wanted.kind, actor=actor_of(client), reason=wanted.reason, args=wanted.args)
        row = issue_or_ask(order.pk, request_)
        if isinstance(row, Approval):
            return idempotency.Answer(202, answers.approval(row).model_dump(mode="json"), order)
        if row.state == CommandState.REJECTED:
            return idempotency.Answer(409, _window_closed(row), order)
        return idempotency.Answer(202, answers.command(row).model_dump(mode="json"), order)

    answer = once(request, key, {"reason": wanted.reason, **wanted.args}, effect)
    body = answer.body
    if answer.status == 409:
        return replayable(problem(request, KINDS["command_refused"], **body), answer)
    if wait:
        body = what_became(request, order, UUID(str(body["command_id"])), within=wait).model_dump(mode="json")
    return replayable(JsonResponse(in_order(body, CommandOut), status=answer.status), answer)


def what_became(request: HttpRequest, order: Order, command_id: UUID, *, within: float) -> CommandOut:
    """The command as it is once it is settled, or after `within` seconds; at once, if a second person has not agreed.

    Raises:
        CommandNotFound: the order has no such command, and nobody asked for one.
    """
    asked = undecided(order.pk, command_id)
    if asked is not None:
        return answers.approval(asked)
    command = command_of_order(order.pk, command_id)
    return answers.command(outcome_of(command.pk, within=within, client=actor_of(client_of(request))))


def once(request: HttpRequest, key: str, content: object, effect: Effect) -> idempotency.Answer:
    """The answer of `effect`, which runs once for each key that comes with this method and path; without one, always.

    Raises:
        IdempotencyKeyInFlight, IdempotencyKeyReused: as `idempotency.once` does.
    """
    if not key:
        return effect()
    asked = idempotency.Request(
        client=client_of(request), method=request.method or "", route=request.path, key=key, content=content
    )
    return idempotency.once(asked, effect)


def in_order(body: Mapping[str, Any], like: type[Schema]) -> dict[str, Any]:
    """A body with its keys in the order of the schema: those of a stored answer come back in one of the database's own.

    A replay is then the same to the byte.
    """
    fields = {name: field.annotation for name, field in like.model_fields.items() if name in body}
    ordered = {
        name: in_order(body[name], inner) if isinstance(inner, type) and issubclass(inner, Schema) else body[name]
        for name, inner in fields.items()
    }
    return {**ordered, **{name: value for name, value in body.items() if name not in ordered}}


def refusal(error: OrderError) -> idempotency.Answer:
    """A request that is refused for what the database knows: the same every time it is sent."""
    kind = KIND_OF[type(error)]
    return idempotency.Answer(kind.status, {"code": kind.code, "detail": error.message})


def refused(request: HttpRequest, answer: idempotency.Answer) -> HttpResponse:
    """That refusal as a problem."""
    # Of answers that were stored before invalid requests were left unstored.
    faults = answer.body.get("faults")
    errors = [{"pointer": pointer, "detail": text} for pointer, text in faults] if faults else []
    more = {"errors": errors} if errors else {}
    response = problem(request, KINDS[str(answer.body["code"])], str(answer.body["detail"]), **more)
    return replayable(response, answer)


def replayable(response: HttpResponse, answer: idempotency.Answer) -> HttpResponse:
    """The response, marked where it repeats an earlier one."""
    if answer.replayed:
        response["Idempotency-Replayed"] = "true"
    return response


def _window_closed(row: Command) -> dict[str, Any]:
    """What a problem says of a command that was refused at once."""
    return {
        "detail": row.outcome,
        "command_id": str(row.pk),
        "status_of_order": row.order.status,
        "accepts": answers.accepts(row.order),
    }
