"""A results file: what was measured, on which machine, with which versions, from which commit."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Measurement
from bench.machine import commit, machine, versions
from bench.options import Options
from stack.state import ROOT

DIRECTORY = ROOT / "bench" / "results"


@dataclass
class Results:
    """`about` is everything but the measurements."""

    about: dict[str, Any]
    measurements: list[Measurement] = field(default_factory=list)

    @classmethod
    def begin(cls, arguments: list[str], options: Options) -> "Results":
        now = datetime.now(UTC)
        used = versions()
        if options.temporal:
            used["temporal_server"] = options.server
        return cls(
            {
                "date": now.isoformat(timespec="seconds"),
                "commit": commit(),
                "arguments": arguments,
                "machine": machine(),
                "versions": used,
            }
        )

    @classmethod
    def read(cls, path: Path) -> "Results":
        stored = json.loads(path.read_text())
        return cls(stored["about"], list(map(Measurement.from_json, stored["measurements"])))

    @property
    def default_path(self) -> Path:
        return DIRECTORY / f"{self.about['date'][:16].replace(':', '')}.json"

    def add(self, measurement: Measurement) -> None:
        self.measurements.append(measurement)

    def add_to(self, path: Path) -> None:
        """Keep what the file has already; it says when and with which versions that was measured."""
        if path.exists():
            known = Results.read(path)
            self.about, self.measurements = known.about, known.measurements

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"about": self.about, "measurements": [each.as_json() for each in self.measurements]}
        path.write_text(json.dumps(content, indent=1) + "\n")

    def of(self, name: str) -> list[Measurement]:
        """The measurements of one benchmark."""
        return [each for each in self.measurements if each.name == name]


def newest(paths: Iterable[Path]) -> Path:
    """The results file with the latest date."""
    return max(paths, key=lambda path: str(Results.read(path).about["date"]))
