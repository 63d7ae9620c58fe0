"""The WSGI entry point, for any WSGI server; `orderlife/server/` is the one that comes with it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orderlife.settings")
application = get_wsgi_application()

from orderlife.web import bound_waits, check_connections_without_a_query  # noqa: E402 - it needs the apps, which are loaded above

bound_waits()
check_connections_without_a_query()
