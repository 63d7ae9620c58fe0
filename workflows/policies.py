"""Every timeout and retry policy of the process."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from orders.errors import OrderNotFound

# Our own database: it comes back, so attempts are not limited. An unknown order is a fault that no retry mends.
# A longer wait between two of them is a timer of the workflow's: a worker that waited for it here could not be stopped.
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

# Outside systems: the HTTP client gives up after 5 s, the attempt after 8. Outages last as long as they last.
GATEWAY = ActivityConfig(
    start_to_close_timeout=timedelta(seconds=8),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=10),
        non_retryable_error_types=[OrderNotFound.code],
    ),
)

# A step that fails for a reason that no further attempt mends (bad data, a fault of ours) is given up after so many:
# its command is rejected, or its order flagged and the step tried anew a while later. See `interceptors.py`.
MAX_ATTEMPTS = 6
STALLED_SECONDS = 600.0

# A child that ended without finishing its work is started again, not at once.
CHILD_RESTART_SECONDS = 1.0

# How long a task waits for a worker that has died while holding the workflow in its cache; the default is ten seconds.
STICKY_TIMEOUT = timedelta(seconds=1)

# How long a stopping worker lets what runs come to its end.
GRACEFUL_SHUTDOWN = timedelta(seconds=10)

# How long the relay and the reconciler wait for an answer of Temporal's.
RPC_TIMEOUT = timedelta(seconds=5)
