"""Liveness and readiness probes."""

import socket
from collections.abc import Callable

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

LOOK_SECONDS = 0.3


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while the process is alive."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 if orders can be accepted, which needs PostgreSQL only. The state of Temporal is reported, and does not
    matter.
    """
    postgres = _postgres_answers()
    return JsonResponse({"postgresql": postgres, "temporal": _temporal_listens()}, status=200 if postgres else 503)


def _postgres_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _temporal_listens() -> bool:
    host, _, port = settings.TEMPORAL_ADDRESS.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=LOOK_SECONDS):
            return True
    except OSError:
        return False


_PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz}


class HealthMiddleware:
    """Answers the probes whatever the Host header is: load balancers and container checks use IP addresses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = _PROBES.get(request.path_info)
        if probe is None or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        return probe(request)
