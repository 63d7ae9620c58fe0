"""The REST API: OpenAPI at /openapi.json, interactive documentation at /docs."""

from ninja import Swagger

from orders.api import problems
from orders.api.orders import router
from orders.api.parsing import StrictJSON
from orders.api.reference import DocumentedAPI

api = DocumentedAPI(
    title="Orderlife",
    version="1",
    description="Place orders, follow them, change them. Errors are problem+json (RFC 9457); POST and PUT honour "
    "Idempotency-Key; amounts are decimals with their currency.",
    docs=Swagger(settings={"persistAuthorization": True}),
    docs_url="/docs",
    openapi_url="/openapi.json",
    parser=StrictJSON(),
)
api.add_router("", router)
problems.register(api)
