"""The plot, drawn for real."""

from pathlib import Path

from bench import plot
from bench.results import Results
from bench.scenarios import DELIVERIES, FAN_OUT, GROWTH_MEMBERS, LIMIT, SUBJECT
from tests.bench.samples import BUSY, measured, sample

PNG = b"\x89PNG\r\n\x1a\n"


def test_bars_and_curves_are_drawn(tmp_path: Path) -> None:
    """A picture comes out, higher the more panels it has."""
    found = sample()
    path = tmp_path / "latest.png"
    assert plot.draw(found, path) == "bench: wrote latest.png"
    low = height(path)
    for case in GROWTH_MEMBERS.cases:
        found.measurements.append(
            measured(case.label, SUBJECT, 1, scenario="growth-members", deliveries_per_second=1e6)
        )
    plot.draw(found, path)
    assert height(path) > low


def height(path: Path) -> int:
    """Pixels, from the picture's header."""
    start = path.read_bytes()[:24]
    assert start.startswith(PNG)
    return int.from_bytes(start[20:24], "big")


def test_a_bar_is_the_median() -> None:
    """And a server that was not measured has none."""
    medians = plot.medians(sample(), FAN_OUT, DELIVERIES)
    assert medians[SUBJECT] == {BUSY: 12e6}
    assert medians["ngIRCd"] == {}


def test_servers_of_one_panel_differ_in_color() -> None:
    """Or the picture would not say whose bar is whose."""
    for _form, scenario, _metric in plot.PANELS:
        colors = [plot.color(name) for name in scenario.columns() if name != LIMIT]
        assert len(set(colors)) == len(colors)
        assert "black" not in colors


def test_without_a_measurement_there_is_no_picture(tmp_path: Path) -> None:
    """It says so, and writes nothing."""
    said = plot.draw(Results("", {}, {}), tmp_path / "latest.png")
    assert said == "bench: no plot: none of the plotted scenarios was measured"
    assert list(tmp_path.iterdir()) == []
