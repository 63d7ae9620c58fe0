"""Authentication by API key, and the scopes of clients."""

from django.http import HttpRequest
from ninja.errors import AuthenticationError, AuthorizationError
from ninja.security import HttpBearer

from orders.actors import Actor
from orders.models import ApiClient
from orders.services.customers.api_access import client_within_limit


class ApiKeyAuth(HttpBearer):
    """`Authorization: Bearer KEY`; the client needs the scope of the route."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiClient:  # noqa: ARG002 - the base class asks so
        """The client that the key belongs to.

        Raises:
            AuthenticationError: the key is unknown or revoked.
            AuthorizationError: the client lacks the scope.
            TooManyRequests: the client exceeds its rate limit.
        """
        client = client_within_limit(token)
        if client is None:
            raise AuthenticationError(401, "This API key is unknown or revoked.")
        if self.scope not in client.scopes:
            raise AuthorizationError(403, f"This API key does not have the scope {self.scope}.")
        return client


READ = ApiKeyAuth("orders:read")
WRITE = ApiKeyAuth("orders:write")
REFUND = ApiKeyAuth("refunds:write")
PAYMENTS = ApiKeyAuth("payments:write")
FULFIL = ApiKeyAuth("fulfilment")
STOCK = ApiKeyAuth("stock")
WEBHOOKS = ApiKeyAuth("webhooks")


def client_of(request: HttpRequest) -> ApiClient:
    """The authenticated client of this request."""
    client: ApiClient = request.auth  # type: ignore[attr-defined]  # set by ApiKeyAuth
    return client


def actor_of(client: ApiClient) -> str:
    """The actor of this client's commands and events."""
    return Actor.CLIENT.named(client.name)
