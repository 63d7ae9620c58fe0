"""The URL routes of the project."""

from django.contrib import admin
from django.urls import include, path

from orders.api import api
from orders.api.description import openapi_json
from orders.api.health import healthz, readyz
from orders.api.metrics import metrics
from orders.api.problems import PAGE
from orders.api.reference import problems_page
from orders.tracking import simulated_checkout

urlpatterns = [
    path("admin/", admin.site.urls),
    path("track/", include("orders.tracking.urls")),
    path("simulated-checkout/<str:reference>/", simulated_checkout.checkout, name="simulated_checkout"),
    path("simulated-checkout/<str:reference>/confirm/", simulated_checkout.confirm, name="simulated_checkout_confirm"),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path(PAGE.removeprefix("/"), problems_page),
    path("openapi.json", openapi_json),  # before the framework's own route, which builds it for each request
    path("", api.urls),
]
handler500 = "orders.outages.server_error"
