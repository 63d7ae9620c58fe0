"""The connection to Temporal, made by workers, the reconciler and read-only monitoring only."""

import asyncio
import dataclasses
import logging
import threading

import temporalio.converter
from django.conf import settings
from temporalio.client import Client
from temporalio.service import RPCError

from workflows.failures import PrivateFailureConverter

logger = logging.getLogger(__name__)

DATA_CONVERTER = dataclasses.replace(temporalio.converter.default(), failure_converter_class=PrivateFailureConverter)


async def connect() -> Client:
    """A client for the Temporal server that the settings name.

    Raises:
        RuntimeError: it cannot be reached.
    """
    return await Client.connect(
        settings.TEMPORAL_ADDRESS, namespace=settings.TEMPORAL_NAMESPACE, data_converter=DATA_CONVERTER
    )


async def connect_patiently(told_to_stop: threading.Event) -> Client | None:
    """A client as soon as Temporal can be reached; None if the process is stopped before that."""
    waiting = False
    while not told_to_stop.is_set():
        try:
            return await connect()
        except (RuntimeError, RPCError):
            if not waiting:
                logger.warning("Temporal does not answer at %s; waiting for it.", settings.TEMPORAL_ADDRESS)
            waiting = True
            await asyncio.sleep(0.5)
    return None
