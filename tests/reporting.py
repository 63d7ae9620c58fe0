"""What a run says beside its results: figures, seconds by file, pages of failed tests, where an ended run was."""

import contextlib
import os
import signal
import threading
from collections import defaultdict
from collections.abc import Generator, Iterator

import psutil
import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from tests.plugin import is_controller

# How long a run that was told to end may take to report and stop its servers.
GRACE_SECONDS = 60
MAX_PAGE_TEXT = 5000

_running: dict[str, None] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--bound",
        type=float,
        metavar="SECONDS",
        help="end the whole run after so long, and say which tests were running",
    )


def pytest_configure(config: pytest.Config) -> None:
    """SIGTERM ends a run as Ctrl-C does: with a report, and without leaving servers behind."""
    if is_controller(config):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        if bound := config.getoption("bound"):
            config.add_cleanup(_end_after(bound).cancel)


def pytest_runtest_logstart(nodeid: str) -> None:
    _running[nodeid] = None


def pytest_runtest_logfinish(nodeid: str) -> None:
    _running.pop(nodeid, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Of a test that failed in a browser, say where its pages were and what they showed."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and report.when == "call" and browser:
        report.sections += [_shown(page) for context in browser.contexts for page in context.pages]
    return report


def _shown(page: Page) -> tuple[str, str]:
    try:
        text = page.inner_text("body", timeout=2000)
    except PlaywrightError as error:
        text = str(error)
    return f"page at {page.url}", text[:MAX_PAGE_TEXT]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured, the seconds of each file and, of a run that was ended, what was running."""
    for title, lines in (
        ("measured", sorted(_measured(terminalreporter))),
        ("seconds by file", list(_seconds_by_file(terminalreporter))),
        ("running when the run was ended", list(_running)),
    ):
        if lines:
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.write_line(line)


def _measured(reporter: pytest.TerminalReporter) -> Iterator[str]:
    reports = [report for name in ("passed", "failed") for report in reporter.getreports(name)]
    yield from (str(text) for report in reports for name, text in report.user_properties if name == "measured")


def _seconds_by_file(reporter: pytest.TerminalReporter) -> Iterator[str]:
    """Set-up and tear-down included, summed over all processes; files that took less than a second together."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for reports in reporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    longest = sorted(seconds.items(), key=lambda each: -each[1])
    long = {file: spent for file, spent in longest if spent >= 1}
    yield from (f"{spent:7.1f} s  {file}" for file, spent in long.items())
    rest = sum(seconds.values()) - sum(long.values())
    if seconds:
        yield f"{rest:7.1f} s  {len(seconds) - len(long)} files of less than a second each"
        yield f"{sum(seconds.values()):7.1f} s  in all"


def _end_after(seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, _end)
    timer.daemon = True
    timer.start()
    return timer


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    last = threading.Timer(GRACE_SECONDS, _give_up)
    last.daemon = True
    last.start()


def _give_up() -> None:
    """The run does not end by itself: say where it is, then end it and its processes."""
    os.write(2, ("\nStill running:\n" + "\n".join(_running) + "\n").encode())
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(1)
