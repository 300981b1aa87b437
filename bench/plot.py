"""The picture of the results, where matplotlib is installed."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import summarize
from bench.report import amount
from bench.results import Results
from bench.scenarios import (
    EVERYONE,
    FAN_OUT,
    FAN_OUT_IRC,
    FAN_OUT_WEBSOCKET,
    GROWTH_MEMBERS,
    GROWTH_ROOMS,
    IRC_SUBJECT,
    LATENCY,
    ROOMS,
    WEBSOCKET_SUBJECT,
    Metric,
    Scenario,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# Bars that differ by more than this factor need a logarithmic scale.
MOST_LINEAR = 30
COLORED = [*EVERYONE, IRC_SUBJECT, "InspIRCd", "websockets", "ws"]
# Never in one panel with that server.
SAME_COLOR = {WEBSOCKET_SUBJECT: IRC_SUBJECT}


def medians(found: Results, scenario: Scenario, metric: Metric) -> dict[str, dict[str, float]]:
    """Server by server, case by case."""
    return {
        name: {
            case.label: figure.median
            for case in scenario.cases
            if (figure := summarize(list(found.rounds(scenario.key, case.label, name, metric).values())))
        }
        for name in scenario.columns()
    }


def bars(axes: "Axes", found: Results, scenario: Scenario, metric: Metric) -> None:
    """Horizontal bars, a group for each case."""
    series = {name: by_case for name, by_case in medians(found, scenario, metric).items() if by_case}
    labels = [case.label for case in scenario.cases]
    height = 0.8 / max(len(series), 1)
    for place, (name, by_case) in enumerate(series.items()):
        positions = [labels.index(label) + place * height for label in by_case]
        drawn = axes.barh(positions, list(by_case.values()), height, label=name, color=color(name))
        axes.bar_label(drawn, [amount(value, metric) for value in by_case.values()], fontsize=7, padding=2)
    axes.set_yticks([number + 0.4 - height / 2 for number in range(len(labels))], labels)
    axes.invert_yaxis()
    scale(axes, [value for by_case in series.values() for value in by_case.values()])
    finish(axes, axes.xaxis, scenario, metric)


def scale(axes: "Axes", values: list[float]) -> None:
    """Begin at zero; where the smallest would not be seen, go by powers of ten, and say so."""
    if max(values) < MOST_LINEAR * min(values):
        axes.set_xlim(0, 1.1 * max(values))
        return
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 3, 3 * max(values))
    axes.set_xlabel("by powers of ten", fontsize=7)


def curve(axes: "Axes", found: Results, scenario: Scenario, metric: Metric) -> None:
    """One line for each server over the cases."""
    for name, by_case in medians(found, scenario, metric).items():
        if by_case:
            axes.plot(list(by_case), list(by_case.values()), marker="o", label=name, color=color(name))
    axes.set_ylim(bottom=0)
    finish(axes, axes.yaxis, scenario, metric)


def color(name: str) -> str:
    """Give a server its color, the same in every panel."""
    name = SAME_COLOR.get(name, name)
    return f"C{COLORED.index(name)}" if name in COLORED else "black"


def finish(axes: "Axes", values: "Axis", scenario: Scenario, metric: Metric) -> None:
    """Title, legend beside the picture, and numbers as they are written elsewhere."""
    axes.set_title(f"{scenario.title}: {metric.title}", fontsize=9, loc="left")
    axes.tick_params(labelsize=8, which="both")
    axes.minorticks_off()
    values.set_major_formatter(lambda value, _position: amount(value, metric))
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))


Panel = tuple[Callable[["Axes", Results, Scenario, Metric], None], Scenario, Metric]

PANELS: tuple[Panel, ...] = (
    (bars, FAN_OUT, FAN_OUT.metrics[0]),
    (bars, FAN_OUT_IRC, FAN_OUT_IRC.metrics[0]),
    (bars, FAN_OUT_WEBSOCKET, FAN_OUT_WEBSOCKET.metrics[0]),
    (bars, ROOMS, ROOMS.metrics[0]),
    (bars, LATENCY, LATENCY.metrics[1]),
    (curve, GROWTH_MEMBERS, GROWTH_MEMBERS.metrics[0]),
    (curve, GROWTH_ROOMS, GROWTH_ROOMS.metrics[0]),
)


def panels_of(found: Results) -> list[Panel]:
    """Choose the panels of what was measured."""
    measured = {one.scenario for one in found.measurements}
    return [panel for panel in PANELS if panel[1].key in measured]


def draw(found: Results, path: Path) -> str:
    """Draw what was measured to `path`; says what it did, or why not."""
    if importlib.util.find_spec("matplotlib") is None:
        return "bench: no plot: matplotlib is not installed"
    panels = panels_of(found)
    if not panels:
        return "bench: no plot: none of the plotted scenarios was measured"
    # Imported here since it is slow; without pyplot there is no window, whatever the backend.
    from matplotlib.figure import Figure  # noqa: PLC0415  see above

    heights = [max(2.0, 1.1 * len(scenario.cases)) if form is bars else 2.6 for form, scenario, _ in panels]
    figure = Figure(figsize=(9, sum(heights)), layout="constrained")
    places = figure.subplots(len(panels), squeeze=False, height_ratios=heights)
    for (form, scenario, metric), place in zip(panels, places[:, 0], strict=True):
        form(place, found, scenario, metric)
    figure.savefig(path, dpi=120)
    return f"bench: wrote {path.name}"
