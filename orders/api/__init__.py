"""The REST API: OpenAPI at /openapi.json, interactive documentation at /docs."""

from ninja import Swagger

from orders.api import problems
from orders.api.batch import router as batch_routes
from orders.api.endpoints import router as endpoint_routes
from orders.api.fulfilment import router as fulfilment_routes
from orders.api.orders import router as order_routes
from orders.api.parsing import StrictJSON
from orders.api.payments import router as payment_routes
from orders.api.reference import DocumentedAPI
from orders.api.returns import router as return_routes
from orders.api.stock import router as stock_routes
from orders.api.webhooks import router as webhook_routes

api = DocumentedAPI(
    title="Orderlife",
    version="1",
    description="Place orders, track them, and change them. Errors are application/problem+json (RFC 9457). Any POST "
    "or PUT accepts an Idempotency-Key; a batch has one for each order. Amounts are decimal numbers in major units, "
    "with a currency.",
    docs=Swagger(settings={"persistAuthorization": True}),
    docs_url="/docs",
    openapi_url="/openapi.json",
    parser=StrictJSON(),
)
# `/orders/batch` before `/orders/{order_id}`: the first path that matches is taken.
for router in (
    batch_routes,
    order_routes,
    payment_routes,
    return_routes,
    fulfilment_routes,
    stock_routes,
    endpoint_routes,
    webhook_routes,
):
    api.add_router("", router)
problems.register(api)
