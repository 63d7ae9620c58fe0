"""What leaves an activity that fails: a class name and a log reference, never data."""

import logging
import uuid

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

from orders.errors import OrderError
from orders.outages import is_away

logger = logging.getLogger(__name__)

# The failure type of a step whose attempts are exhausted.
GIVEN_UP = "given_up"


class PrivateFailureConverter(DefaultFailureConverter):
    """Keeps customers' data out of Temporal: the messages of database errors contain rows.

    Our own errors cross with code and message, which contain none. Any other exception crosses as its class name and a
    reference to our log, which has all of it.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Convert an exception; see the class."""
        super().to_failure(_without_data(exception), payload_converter, failure)


def is_temporary(error: BaseException) -> bool:
    """Whether the same attempt may succeed later, because an outside system or the database is down."""
    return error.retryable if isinstance(error, OrderError) else is_away(error)


def given_up(error: BaseException) -> ApplicationError:
    """The non-retryable failure that ends the attempts at a step, without personal data."""
    return ApplicationError(_without_data(error).message, type=GIVEN_UP, non_retryable=True)


def _without_data(exception: BaseException) -> FailureError:
    if isinstance(exception, OrderError):
        return ApplicationError(exception.message, type=exception.code)
    if isinstance(exception, FailureError):
        return exception
    reference = uuid.uuid4().hex[:12]
    logger.error("Unexpected failure, reference %s", reference, exc_info=exception)
    name = type(exception).__name__
    return ApplicationError(f"{name}, log reference {reference}", type=name)
