"""What stands around every activity."""

from django.core.cache import close_caches
from django.db import reset_queries
from django_temporalio.interceptors import ActivityIsolationInterceptor

from workflows.connections import drop_dead_connections


class ConnectionIsolationInterceptor(ActivityIsolationInterceptor):  # type: ignore[misc]  # the package has no types
    """Gives every activity a live database connection, for nothing where it lives already."""

    def refresh_reused_thread(self) -> None:
        """Before and after each activity."""
        reset_queries()
        drop_dead_connections()
        close_caches()
