"""The REST API."""

from ninja import NinjaAPI

api = NinjaAPI(title="Orderlife", version="1", docs_url="/docs", openapi_url="/openapi.json")
