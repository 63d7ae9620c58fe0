"""What may leave an activity when it fails: a name and a log reference, never data."""

import logging
import uuid

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

from orders.errors import OrderError

logger = logging.getLogger(__name__)


class PrivateFailureConverter(DefaultFailureConverter):
    """Keeps customers' data out of Temporal: the texts of database errors carry rows.

    Our own errors cross with their code and message, which hold none. Anything else crosses as its class name, with a
    reference under which our log has the whole of it.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Convert an exception; see the class."""
        super().to_failure(_without_data(exception), payload_converter, failure)


def _without_data(exception: BaseException) -> BaseException:
    if isinstance(exception, OrderError):
        return ApplicationError(exception.message, type=exception.code)
    if isinstance(exception, FailureError):
        return exception
    reference = uuid.uuid4().hex[:12]
    logger.error("Unexpected failure, reference %s", reference, exc_info=exception)
    name = type(exception).__name__
    return ApplicationError(f"{name}, log reference {reference}", type=name)
