"""All timeouts and retry policies."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from orders.errors import OrderNotFound
from workflows.contracts import ORDERS_QUEUE

# Our own database: it comes back, so attempts are unlimited. An unknown order is an error that no retry corrects.
# Longer backoff is a timer of the workflow: a worker waiting for it here could not be stopped.
DATABASE = LocalActivityConfig(
    start_to_close_timeout=timedelta(seconds=10),
    local_retry_threshold=timedelta(seconds=1),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=5),
        non_retryable_error_types=[OrderNotFound.code],
    ),
)

# Outside systems: the HTTP client times out after 5 s, the attempt after 8 s. Attempts are unlimited during outages.
GATEWAY = ActivityConfig(
    start_to_close_timeout=timedelta(seconds=8),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=10),
        non_retryable_error_types=[OrderNotFound.code],
    ),
)

# The capture of a payment, which the workflow of a shipment asks of the workers of orders.
CAPTURE: ActivityConfig = {**GATEWAY, "task_queue": ORDERS_QUEUE}

# A step that fails for a reason that no retry corrects (bad data, a bug) is given up after this many attempts: its
# command is rejected, or its order flagged and the step retried later. See `interceptors.py`.
MAX_ATTEMPTS = 6
STALLED_SECONDS = 600.0

# Delay before a child workflow that ended early is started again.
CHILD_RESTART_SECONDS = 1.0

# How long a task waits for a worker that died with the workflow in its cache; the default is ten seconds.
STICKY_TIMEOUT = timedelta(seconds=1)

# How long a stopping worker waits for running activities.
GRACEFUL_SHUTDOWN = timedelta(seconds=10)

# How long the relay and the reconciler wait for Temporal.
RPC_TIMEOUT = timedelta(seconds=5)
