"""Says how far the benchmark has come."""

import sys
import time
from pathlib import Path

from bench.figures import human, human_duration
from bench.results import Measurement, Results
from bench.runner import Runner, Step


def outcome(step: Step, measurement: Measurement) -> str:
    """Say a measurement's main figure in a few words."""
    problem = measurement.problem()
    metric = step.scenario.metrics_of(step.case)[0]
    value = measurement.result.get(metric.key)
    if value is None:
        return f"FAILED: {problem}"
    text = human_duration(value) if metric.is_duration else human(value)
    return f"{text} {metric.title}" + (f"  [!] {problem}" if problem else "")


class Progress:
    """A line for each measurement, with the time that is left."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.done = 0
        self.began = time.monotonic()

    def minutes(self) -> float:
        """Time since the start."""
        return (time.monotonic() - self.began) / 60

    def show(self, step: Step, measurement: Measurement) -> None:
        """Report one more measurement."""
        self.done += 1
        left = self.minutes() / self.done * (self.steps - self.done)
        place = f"{step.scenario.key}, {step.case.label}, {step.peer.name}, round {step.round}"
        head = f"[{self.done}/{self.steps}, about {left:.0f} min left]"
        print(head, f"{place}:", outcome(step, measurement), file=sys.stderr, flush=True)


def measure_all(runner: Runner, steps: list[Step], found: Results, save_to: Path | None = None) -> None:
    """Work through the plan; each measurement is kept even when a later one is interrupted."""
    progress = Progress(len(steps))
    for step in steps:
        measurement = runner.measure(step)
        found.measurements.append(measurement)
        found.minutes = round(progress.minutes(), 1)
        progress.show(step, measurement)
        if save_to:
            found.save(save_to)
