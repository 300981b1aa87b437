"""What a run of the benchmark leaves behind: every single measurement, as JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import Rounds
from bench.scenarios import Metric


@dataclass
class Measurement:
    """One run of the generator against one server, or why there is none."""

    scenario: str
    case: str
    peer: str
    round: int
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    def problem(self) -> str:
        """Say what was wrong; empty when each message reached each member once, in order."""
        if self.error:
            return self.error
        if self.result.get("ok", False):
            return ""
        kinds = ("lost", "repeated_or_late", "misplaced", "closed")
        counts = [
            f"{self.result[kind]:,} {kind.replace('_', ' ')}" for kind in kinds if self.result.get(kind)
        ]
        return ", ".join(counts) or "not all acknowledged"


@dataclass
class Results:
    """All measurements of one run, with where and when they were taken."""

    started: str
    machine: dict[str, str]
    versions: dict[str, str]
    left_out: dict[str, str] = field(default_factory=dict)
    minutes: float = 0.0
    measurements: list[Measurement] = field(default_factory=list)

    def of(self, scenario: str, case: str, peer: str) -> list[Measurement]:
        """Find the rounds of one cell."""
        wanted = (scenario, case, peer)
        return [found for found in self.measurements if (found.scenario, found.case, found.peer) == wanted]

    def rounds(self, scenario: str, case: str, peer: str, metric: Metric) -> Rounds:
        """Collect a metric by round; rounds without a result are not among them."""
        found = self.of(scenario, case, peer)
        return {one.round: float(one.result[metric.key]) for one in found if metric.key in one.result}

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def load(path: Path) -> Results:
    """Read what `save` wrote."""
    raw = json.loads(path.read_text())
    measurements = [Measurement(**one) for one in raw.pop("measurements")]
    return Results(**raw, measurements=measurements)
