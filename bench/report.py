"""Turns results into Markdown. Nothing in a report is typed by hand."""

from bench.errors import BenchError
from bench.figures import Figure, human, human_duration, ratio, summarize
from bench.results import Results
from bench.scenarios import DELIVERIES, FAN_OUT, SCENARIOS, Case, Metric, Scenario
from bench.targets import TARGETS, judge

GENERATOR_CPU = Metric("generator_cpu", "share of its core", more_is_better=False)
GENERATOR_USER = Metric("generator_user", "share of its core, outside the kernel", more_is_better=False)
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


def amount(value: float, metric: Metric) -> str:
    """Write a value in the metric's unit."""
    return human_duration(value) if metric.is_duration else human(value)


def spread(figure: Figure) -> str:
    """Half of the range over the rounds, where there were several."""
    return f" ±{figure.spread:.0%}" if figure.spread else ""


def times_better(
    results: Results, scenario: Scenario, case: Case, peer: str, metric: Metric
) -> Figure | None:
    """How many times better the subject is than `peer`, by the medians of the rounds' ratios."""
    subject = results.rounds(scenario.key, case.label, scenario.subject, metric)
    other = results.rounds(scenario.key, case.label, peer, metric)
    return ratio(subject, other) if metric.more_is_better else ratio(other, subject)


def cell(results: Results, scenario: Scenario, case: Case, peer: str, metric: Metric) -> str:
    """Median, spread, and the subject's advantage: `4.91 M ±6% (x 4.1)`."""
    figure = summarize(list(results.rounds(scenario.key, case.label, peer, metric).values()))
    if figure is None:
        return "failed" if results.of(scenario.key, case.label, peer) else ""
    text = amount(figure.median, metric) + spread(figure)
    if any(one.problem() for one in results.of(scenario.key, case.label, peer)):
        return f"{text} [!]"
    is_other = metric.is_compared and peer != scenario.subject
    better = times_better(results, scenario, case, peer, metric) if is_other else None
    return f"{text} (x {better.median:.2f})" if better else text


def columns_seen(results: Results, scenario: Scenario) -> list[str]:
    """Find the scenario's columns that were measured at all."""
    measured = {one.peer for one in results.measurements if one.scenario == scenario.key}
    return [name for name in scenario.columns() if name in measured]


def table(rows: list[list[str]]) -> str:
    """Write a Markdown table; the first row is its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def scenario_table(results: Results, scenario: Scenario) -> str:
    """One scenario: a row for each case and metric, a column for each server."""
    columns = columns_seen(results, scenario)
    rows = [["case", "measured", *columns]]
    rows += [
        [case.label, metric.title, *(cell(results, scenario, case, name, metric) for name in columns)]
        for case in scenario.cases
        for metric in scenario.metrics_of(case)
        if any(results.of(scenario.key, case.label, name) for name in columns)
    ]
    return table(rows)


def problems(results: Results, scenario: Scenario) -> list[str]:
    """Failures, once each, with how often they were seen."""
    found = [
        f"{one.peer}, {one.case}, round {one.round}: {one.problem()}"
        for one in results.measurements
        if one.scenario == scenario.key and one.problem()
    ]
    return [f"- [!] {text}" for text in found]


def scenario_section(results: Results, scenario: Scenario) -> str:
    """Heading, table and failures of a scenario."""
    parts = [f"### {scenario.title}", scenario_table(results, scenario)]
    parts += [scenario.note] if scenario.note else []
    failures = problems(results, scenario)
    if failures:
        parts.append("\n".join(failures))
    return "\n\n".join(parts)


def target_table(results: Results) -> str:
    """Hold what was reached against what was set out to be."""
    rows = [["scenario", "wanted", "measured", ""]]
    for target in TARGETS:
        figure = judge(results, target)
        if figure:
            verdict = "met" if target.is_met(figure) else "missed"
            rows.append([target.title, target.wanted(), f"{figure.median:.2f}{spread(figure)}", verdict])
    return table(rows) if len(rows) > 1 else ""


def generator_section(results: Results) -> str:
    """How busy the generator was with each server, where they kept it busiest."""
    case = FAN_OUT.cases[-1].label
    rows = [["generator, at " + case, "deliveries/s", "of its core", "of that in the kernel"]]
    for name in columns_seen(results, FAN_OUT):
        values = [
            summarize(list(results.rounds(FAN_OUT.key, case, name, metric).values()))
            for metric in (DELIVERIES, GENERATOR_CPU, GENERATOR_USER)
        ]
        if all(values):
            rate, cpu, user = (figure.median for figure in values if figure)
            rows.append([name, human(rate), f"{cpu:.0%}", f"{1 - user / cpu:.0%}" if cpu else ""])
    return table(rows) if len(rows) > 1 else ""


def facts(results: Results) -> str:
    """Machine, versions and who was left out."""
    lines = [f"- {name}: {value}" for name, value in (results.machine | results.versions).items() if value]
    lines += [f"- left out: {name}: {reason}" for name, reason in results.left_out.items()]
    return "\n".join(lines)


def render(results: Results) -> str:
    """Write the whole report."""
    measured = {one.scenario for one in results.measurements}
    sections = [scenario_section(results, one) for one in SCENARIOS if one.key in measured]
    head = f"Taken {results.started}, in {results.minutes:g} minutes."
    reach = target_table(results)
    parts = [head, facts(results), "### Reach" if reach else "", reach, generator_section(results), *sections]
    return "\n\n".join(part for part in parts if part) + "\n"


def insert(document: str, text: str) -> str:
    """Put `text` between the marks of a document. Raises `BenchError` where there are none."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise BenchError(f"the document has no {BEGIN} ... {END}")
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"
