"""Output to the terminal. Without a terminal, the same lines without a spinner."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class LastingConsole(Console):
    """A console that survives a closed pipe (`make up | head`): further output is discarded."""

    def on_broken_pipe(self) -> None:
        """Discard output, where rich would end the process."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Terminal:
    """Prints lines, and the current step with a spinner. A closed terminal is no error."""

    def __init__(self) -> None:
        self.console = LastingConsole(highlight=False, markup=False, soft_wrap=True)
        # Refreshed by `refresh` and not by a thread: the stack forks, which does not combine well with threads.
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
            console=self.console, auto_refresh=False, transient=True,
        )  # fmt: skip

    def line(self, text: str = "", style: str | None = None) -> None:
        """One line, not wrapped, so that it can be copied whole."""
        with contextlib.suppress(OSError):
            self.console.print(text, style=style)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show that a step is running, and how long it took."""
        began = time.monotonic()
        task = self._begin(title)
        try:
            yield
        except BaseException:
            self._end(task)
            raise
        self._end(task)
        self.line(f"  ok  {title} ({time.monotonic() - began:.1f} s)")

    def refresh(self) -> None:
        """Redraw the spinner."""
        if self._progress.live.is_started:
            with contextlib.suppress(OSError):
                self._progress.refresh()

    def _begin(self, title: str) -> TaskID | None:
        if not self.console.is_terminal:
            return None
        self._progress.start()
        return self._progress.add_task(title)

    def _end(self, task: TaskID | None) -> None:
        if task is None:
            return
        self._progress.remove_task(task)
        if not self._progress.tasks:
            with contextlib.suppress(OSError):
                self._progress.stop()
