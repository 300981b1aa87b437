"""The report: every cell from the measurements, and what failed shown as failed."""

import pytest

from bench import report
from bench.errors import BenchError
from bench.results import Measurement
from bench.scenarios import DELIVERIES, FAN_OUT, IDLE, P99, ROOMS, SUBJECT, THREADS
from tests.bench.samples import BUSY, measured, sample

CASE = FAN_OUT.cases[-1]


def cell(peer: str) -> str:
    """Write the sample's cell of one server."""
    return report.cell(sample(), FAN_OUT, CASE, peer, DELIVERIES)


def test_a_cell_has_the_median_the_spread_and_the_advantage() -> None:
    """The subject's own cell has nothing to be compared with."""
    assert cell(SUBJECT) == "12 M ±33%"
    assert cell("nats-server") == "3 M ±33% (x 4.00)"


def test_a_cell_without_a_measurement_is_empty() -> None:
    """Who did not take part did not fail."""
    assert cell("ngIRCd") == ""


def test_a_cell_whose_rounds_all_failed_says_so() -> None:
    """A server that never started has no figure."""
    found = sample()
    found.measurements.append(Measurement("fan-out", BUSY, "ngIRCd", 1, error="did not start"))
    assert report.cell(found, FAN_OUT, CASE, "ngIRCd", DELIVERIES) == "failed"


def test_a_run_that_lost_messages_is_marked_and_gets_no_advantage() -> None:
    """Who loses messages is fast in a way that does not count."""
    found = sample()
    found.measurements.append(measured(BUSY, "nats-server", 4, deliveries_per_second=9e6, ok=False, lost=7))
    text = report.cell(found, FAN_OUT, CASE, "nats-server", DELIVERIES)
    assert text.endswith("[!]")
    assert "- [!] nats-server, 1,000 in flight, round 4: 7 lost" in report.scenario_section(found, FAN_OUT)


def test_less_time_is_the_better() -> None:
    """The factor says how much better the subject is, in durations too."""
    found = sample()
    label = ROOMS.cases[0].label
    for peer, time in ((SUBJECT, 100.0), ("mosquitto", 250.0)):
        found.measurements.append(measured(label, peer, 1, scenario="rooms", p99_us=time))
    assert report.cell(found, ROOMS, ROOMS.cases[0], "mosquitto", P99) == "250 us (x 2.50)"


def test_threads_are_not_compared() -> None:
    """Ten times the threads is neither better nor worse."""
    found = sample()
    for peer, threads in ((SUBJECT, 1010), ("mosquitto", 1)):
        found.measurements.append(measured("1,000 connections", peer, 1, scenario="idle", threads=threads))
    assert report.cell(found, IDLE, IDLE.cases[0], "mosquitto", THREADS) == "1"


def test_reach_is_a_table_with_verdicts() -> None:
    """Only what was measured on both sides is in it."""
    text = report.target_table(sample())
    assert text.splitlines()[2:] == [
        "| fan-out, 1,000 in flight: deliveries/s by nats-server's | at least 3.5 | 4.00 | met |"
    ]


def test_a_missed_target_is_called_missed() -> None:
    """Nothing is rounded up."""
    found = sample()
    for one in found.measurements:
        one.result["deliveries_per_second"] = 1e6
    assert "| 1.00 | missed |" in report.target_table(found)


def test_the_generator_tells_what_it_took() -> None:
    """How busy it was with each server, and how much of that was the kernel's work."""
    assert "| nats-server | 3 M | 80% | 75% |" in report.generator_section(sample())


def test_the_whole_names_machine_versions_and_who_is_missing() -> None:
    """A figure without these means nothing."""
    text = report.render(sample())
    assert text.startswith("Taken 2026-01-02 03:04 UTC, in 1.5 minutes.")
    assert "- processor: two cores\n- chat-server: revision abc\n- left out: mosquitto: not installed" in text
    assert text.index("### Reach") < text.index("### 1. One room of 100")
    assert "### 2." not in text


def test_a_report_goes_between_the_marks_again_and_again() -> None:
    """What stands around them stays, what stood between them goes."""
    document = f"above\n\n{report.BEGIN}\nold\n{report.END}\n\nbelow\n"
    once = report.insert(document, "new\n")
    assert once == f"above\n\n{report.BEGIN}\n\nnew\n\n{report.END}\n\nbelow\n"
    assert report.insert(once, "new") == once


def test_a_document_without_marks_is_refused() -> None:
    """Rather than written over."""
    with pytest.raises(BenchError, match="results: begin"):
        report.insert("no marks", "new")
