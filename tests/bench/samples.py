"""Results as a run would leave them, with figures that are easy to reckon with."""

from bench.results import Measurement, Results
from bench.scenarios import SUBJECT

BUSY = "1,000 in flight"


def measured(
    case: str, peer: str, number: int, *, scenario: str = "fan-out", **result: object
) -> Measurement:
    """One measurement that went well, unless `result` says otherwise."""
    return Measurement(scenario, case, peer, number, {"ok": True, **result})


def fan_out(peer: str, *rates: float) -> list[Measurement]:
    """Deliveries a second in rounds 1, 2, ..."""
    return [
        measured(BUSY, peer, number, deliveries_per_second=rate, generator_cpu=0.8, generator_user=0.2)
        for number, rate in enumerate(rates, 1)
    ]


def sample() -> Results:
    """Let the chat server run at 4 times nats-server, which drifts by a factor of two as the machine does."""
    found = Results("2026-01-02 03:04 UTC", {"processor": "two cores"}, {SUBJECT: "revision abc"})
    found.left_out["mosquitto"] = "not installed"
    found.minutes = 1.5
    found.measurements += fan_out(SUBJECT, 8e6, 16e6, 12e6)
    found.measurements += fan_out("nats-server", 2e6, 4e6, 3e6)
    return found
