"""The machine, the versions and the commit that a measurement was made with."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import psutil

from stack.postgres import BINARIES
from stack.state import ROOT

TIMEOUT_SECONDS = 20


def machine() -> dict[str, str | int | float]:
    return {
        "cores": os.cpu_count() or 1,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "processor": _processor(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "django": version("django"),
        "temporalio": version("temporalio"),
        "psycopg": version("psycopg"),
        "postgresql": _printed([str(BINARIES / "postgres"), "--version"]).split()[-1],
        "temporal_server": _temporal(),
    }


def commit() -> str:
    """The commit of the working tree, with a mark if tracked files differ from it."""
    changed = _printed(["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"])
    return _printed(["git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD"]) + (" with changes" if changed else "")


def _temporal() -> str:
    """As `temporal --version` says: "temporal version 1.4.1 (Server 1.28.0, UI 2.39.0)"."""
    said = _printed([str(Path(sys.executable).with_name("temporal")), "--version"])
    return said.partition("Server ")[2].partition(",")[0] or said


def server_version(address: str) -> str:
    """The version that a running Temporal server says it has."""
    command = [str(Path(sys.executable).with_name("temporal")), "operator", "cluster", "system", "--address", address]
    said = _printed([*command, "-o", "json"])
    return str(json.loads(said).get("serverVersion", "")) if said else ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _printed(command: list[str]) -> str:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except OSError:
        return ""
    return done.stdout.strip()
