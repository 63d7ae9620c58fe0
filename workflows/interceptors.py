"""Interceptors around every activity."""

from typing import Any

from django.core.cache import close_caches
from django.db import reset_queries
from django_temporalio.interceptors import ActivityIsolationInterceptor
from temporalio import activity
from temporalio.exceptions import FailureError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workflows import policies
from workflows.connections import drop_dead_connections
from workflows.failures import given_up, is_temporary


class ConnectionIsolationInterceptor(ActivityIsolationInterceptor):  # type: ignore[misc]  # the package has no types
    """Gives every activity a working database connection, at no cost if it has one already."""

    def refresh_reused_thread(self) -> None:
        """Called before and after each activity."""
        reset_queries()
        drop_dead_connections()
        close_caches()


class BoundedAttemptsInterceptor(Interceptor):
    """Ends the attempts at an activity that fails for a reason that no retry corrects.

    While PostgreSQL, the gateway or the carrier is down, attempts are unlimited, as the retry policies say. Any other
    failure is an error in the data or in our code: retried without limit, it would block what is behind it.
    """

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the base's
        return _BoundedAttempts(next)


class _BoundedAttempts(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the base's
        try:
            return await super().execute_activity(input)
        except FailureError:
            raise
        except Exception as error:
            if activity.info().attempt < policies.MAX_ATTEMPTS or is_temporary(error):
                raise
            raise given_up(error) from None
