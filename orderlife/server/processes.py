"""Several web processes on one listening socket: a parent that forks them, replaces those that die, and ends them."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

from orderlife.server.listener import SHUTDOWN_SECONDS
from orderlife.server.sharing import Share, counts

logger = logging.getLogger(__name__)

# So many deaths for each process within a minute end the parent.
MAX_DEATHS = 5
WITHIN_SECONDS = 60.0
STOPPING = (signal.SIGTERM, signal.SIGINT)
AWAITED = (*STOPPING, signal.SIGCHLD, signal.SIGALRM)

# Serves until SIGTERM, or until the parent is gone.
Serve = Callable[[Share], int]


class Parent:
    """Keeps `number` children alive that accept connections from one socket.

    What waits in the socket's queue when a child dies is accepted by the others. The parent serves nothing itself. It
    must have one thread and no connection to anything when it forks.
    """

    def __init__(self, listening: socket.socket, number: int, serve: Serve) -> None:
        self._listening = listening
        self._number = number
        self._serve = serve
        self._children: dict[int, int] = {}  # process id → position
        self._connections = counts(number)
        self._deaths: list[float] = []
        # Only this process has the end for writing, so the children find the other one closed when it dies, however.
        self._alive, self._write_end = os.pipe()

    def run(self) -> int:
        """Returns after SIGTERM or SIGINT: 0 if every child finished what it was doing. 1 also if too many died."""
        # Blocked signals wait for `sigwait`. Children inherit that, and unblock them once they can handle them.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
        for position in range(self._number):
            self._fork(position)
        while True:
            if signal.sigwait(AWAITED) in STOPPING:
                return self._stop()
            for process_id, position, code in self._ended():
                logger.error("Web process %d died (%s).", process_id, _ending(code))
                if self._died_too_often():
                    logger.error("Web processes died %d times within a minute.", len(self._deaths))
                    self._stop()
                    return 1
                self._fork(position)

    def _died_too_often(self) -> bool:
        now = time.monotonic()
        self._deaths = [*(death for death in self._deaths if now - death < WITHIN_SECONDS), now]
        return len(self._deaths) >= MAX_DEATHS * self._number

    def _fork(self, position: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        process_id = os.fork()
        if not process_id:
            os.close(self._write_end)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.exit(self._serve(Share(self._listening, self._alive, self._connections, position)))
        self._children[process_id] = position

    def _stop(self) -> int:
        """End the children as SIGTERM ends a single server; kill those that have not ended after its time limits."""
        # Where it is still open when the last child has closed it, clients would wait for an answer.
        self._listening.close()
        for process_id in self._children:
            os.kill(process_id, signal.SIGTERM)
        signal.setitimer(signal.ITIMER_REAL, SHUTDOWN_SECONDS + 1)
        codes = []
        while self._children:
            if signal.sigwait(AWAITED) == signal.SIGALRM:
                for process_id in self._children:
                    os.kill(process_id, signal.SIGKILL)
            codes += [code for _, _, code in self._ended()]
        return int(any(codes))

    def _ended(self) -> list[tuple[int, int, int]]:
        """The children that ended since the last call: process id, position, exit code."""
        found = []
        for process_id in tuple(self._children):
            ended, status = os.waitpid(process_id, os.WNOHANG)
            if ended:
                position = self._children.pop(process_id)
                self._connections[position] = 0
                found.append((process_id, position, os.waitstatus_to_exitcode(status)))
        return found


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
