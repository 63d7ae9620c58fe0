"""Whether this process lives, and whether it can serve."""

import socket

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

LOOK_SECONDS = 0.3


def healthz(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 if orders can be accepted: that needs PostgreSQL alone. Temporal's state is told, and changes nothing."""
    postgres = _postgres_answers()
    return JsonResponse({"postgresql": postgres, "temporal": _temporal_listens()}, status=200 if postgres else 503)


def _postgres_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _temporal_listens() -> bool:
    host, _, port = settings.TEMPORAL_ADDRESS.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=LOOK_SECONDS):
            return True
    except OSError:
        return False
