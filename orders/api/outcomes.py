"""Commands over HTTP: issued once per idempotency key, and answered with their outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Schema

from orders.api import answers
from orders.api.auth import actor_of, client_of
from orders.api.problem_kinds import KIND_OF, KINDS
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
    """A command requested by a client."""

    kind: Kind
    reason: str
    args: Mapping[str, object]


def carry_out(request: HttpRequest, order: Order, wanted: ClientCommand, key: str, wait: float) -> HttpResponse:
    """Issue the command and answer 202; or 409 if the order plainly does not accept it.

    With `wait`, answer once the command is settled, or after this many seconds; at once if too many requests are
    waiting. The stored answer is the one before waiting; a replay waits again.
    """
    client = client_of(request)

    def effect() -> idempotency.Answer:
        row = issue_or_ask(
            order.pk,
            CommandRequest(kind=wanted.kind, actor=actor_of(client), reason=wanted.reason, args=wanted.args),
        )
        if isinstance(row, Approval):
            return idempotency.Answer(202, answers.approval(row).model_dump(mode="json"), order)
        if row.state == CommandState.REJECTED:
            return idempotency.Answer(409, _rejected_body(row), order)
        return idempotency.Answer(202, answers.command(row).model_dump(mode="json"), order)

    answer = once(request, key, {"reason": wanted.reason, **wanted.args}, effect)
    body = answer.body
    if answer.status == 409:
        return replayable(problem(request, KINDS["command_refused"], **body), answer)
    if wait:
        body = command_outcome(request, order, UUID(str(body["command_id"])), within=wait).model_dump(mode="json")
    return replayable(JsonResponse(in_order(body, CommandOut), status=answer.status), answer)


def command_outcome(request: HttpRequest, order: Order, command_id: UUID, *, within: float) -> CommandOut:
    """The command once it is settled, or after `within` seconds; at once if it awaits approval.

    Raises:
        CommandNotFound: the order has neither a command nor an approval request with this id.
    """
    asked = undecided(order.pk, command_id)
    if asked is not None:
        return answers.approval(asked)
    command = command_of_order(order.pk, command_id)
    return answers.command(outcome_of(command.pk, within=within, client=actor_of(client_of(request))))


def once(
    request: HttpRequest, key: str, content: object, effect: Effect, *, inserts_only: bool = False
) -> idempotency.Answer:
    """The answer of `effect`, which runs once per key, method and path; without a key, always.

    `inserts_only`: it locks and changes no row, so that one statement can write it.

    Raises:
        IdempotencyKeyInFlight, IdempotencyKeyReused: as for `idempotency.once`.
    """
    if not key:
        return effect()
    asked = idempotency.Request(
        client=client_of(request), method=request.method or "", route=request.path, key=key, content=content
    )
    return idempotency.insert_once(asked, effect) if inserts_only else idempotency.once(asked, effect)


def in_order(body: Mapping[str, Any], like: type[Schema]) -> dict[str, Any]:
    """The body with its keys in the schema's order: the database returns those of a stored answer in its own order.

    A replay is thus byte-identical.
    """
    fields = {name: field.annotation for name, field in like.model_fields.items() if name in body}
    ordered = {
        name: in_order(body[name], inner) if isinstance(inner, type) and issubclass(inner, Schema) else body[name]
        for name, inner in fields.items()
    }
    return {**ordered, **{name: value for name, value in body.items() if name not in ordered}}


def refusal(error: OrderError) -> idempotency.Answer:
    """An answer to store for a request that is refused because of the database's content."""
    kind = KIND_OF[type(error)]
    return idempotency.Answer(kind.status, {"code": kind.code, "detail": error.message})


def refused(request: HttpRequest, answer: idempotency.Answer) -> HttpResponse:
    """A stored refusal as a problem."""
    # Only in answers stored by versions that also stored invalid requests.
    faults = answer.body.get("faults")
    errors = [{"pointer": pointer, "detail": text} for pointer, text in faults] if faults else []
    more = {"errors": errors} if errors else {}
    response = problem(request, KINDS[str(answer.body["code"])], str(answer.body["detail"]), **more)
    return replayable(response, answer)


def replayable(response: HttpResponse, answer: idempotency.Answer) -> HttpResponse:
    """The response, with a header if it repeats an earlier one."""
    if answer.replayed:
        response["Idempotency-Replayed"] = "true"
    return response


def _rejected_body(row: Command) -> dict[str, Any]:
    """The members of the problem for a command that was rejected at once."""
    return {
        "detail": row.outcome,
        "command_id": str(row.pk),
        "status_of_order": row.order.status,
        "accepts": answers.accepts(row.order),
    }
