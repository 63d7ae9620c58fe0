"""The end of a process that spoke to Temporal."""

import contextlib
import logging
import os
import sys
from typing import NoReturn


def end_process(code: int) -> NoReturn:
    """End with this code at once.

    A process that ends right after a call on a Temporal client crashes now and then while the interpreter shuts down
    (sdk-python issue 300), so the interpreter's own shutdown is left out.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # whoever read it has gone
            stream.flush()
    os._exit(code)
