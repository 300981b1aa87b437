"""The command line: `python -m bench`."""

import argparse
import dataclasses
import datetime as dt
import re
import signal
import sys
from pathlib import Path

from bench import build, compare, image, install, machine, plot, report, results
from bench.errors import BenchError
from bench.generator import Generator
from bench.peers import PEERS
from bench.peers.base import Peer
from bench.peers.chat import ChatServer
from bench.progress import measure_all
from bench.results import Results
from bench.runner import Runner, plan
from bench.scenarios import BY_KEY, COMPARED, SCENARIOS, Scenario

HERE = Path(__file__).parent
README = HERE / "README.md"
# Of a full run, which the README shows; and of any other.
FULL, PARTIAL = HERE / "results", build.OUTPUT / "results"
QUICK_ROUNDS = 2
QUICK_OPTIONS = ("--warmup", "0.2", "--seconds", "0.5")
DESCRIPTION = """\
Measures the chat server and its peers under one load, side by side.

  python -m bench                     all scenarios, about 35 minutes; results into bench/results
  python -m bench --quick             the main ones, under two minutes; results into build/bench/results
  python -m bench --scenario rooms    only this one; may be repeated, as --peer may
  python -m bench --scenario fan-out-irc --keep dialects    the same, shown by `report` beside the full run
  python -m bench compare HEAD~1      that revision against the working tree
  python -m bench compare main HEAD   two revisions
  python -m bench report              draw the last full run again, and put its tables into bench/README.md,
                                      and those of what was kept
"""


def kept_name(text: str) -> str:
    """Take the name of a file for `--keep`."""
    if not re.fullmatch("[a-z0-9-]+", text) or text == "latest":
        raise argparse.ArgumentTypeError(f"{text!r} must be letters, digits and dashes, and not 'latest'")
    return text


def parser() -> argparse.ArgumentParser:
    """All options."""
    top = argparse.ArgumentParser(
        prog="python -m bench",
        description=DESCRIPTION,
        epilog="Scenarios: " + ", ".join(BY_KEY) + ". Peers: " + ", ".join(peer.name for peer in PEERS) + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [peer.name for peer in PEERS]
    top.add_argument("--quick", action="store_true", help="fewer cases and shorter rounds")
    top.add_argument("--scenario", action="append", metavar="NAME", choices=BY_KEY, help="only this one")
    top.add_argument("--peer", action="append", metavar="NAME", choices=names, help="only this server")
    top.add_argument("--rounds", type=int, default=5, help="at most so many of each (default: %(default)s)")
    top.add_argument(
        "--keep",
        metavar="NAME",
        type=kept_name,
        help="keep the results beside the last full run's, for the report as well",
    )
    top.add_argument("--no-install", action="store_true", help="leave out what is missing, even as root")
    commands = top.add_subparsers(dest="command", metavar="compare | report")
    two = commands.add_parser("compare", help="two revisions of the chat server against each other")
    two.add_argument("before", help="a git revision")
    two.add_argument("after", nargs="?", default=compare.WORKING_TREE, help="another (the working tree)")
    commands.add_parser("report", help="write the report and the plot of the last full run again")
    return top


def quick_scenario(scenario: Scenario) -> Scenario | None:
    """Keep a scenario's quick cases, when it has any."""
    cases = tuple(case for case in scenario.cases if case.quick)
    return dataclasses.replace(scenario, cases=cases) if cases else None


def chosen_scenarios(arguments: argparse.Namespace) -> list[Scenario]:
    """Find what the options ask for."""
    offered = COMPARED if arguments.command == "compare" and not arguments.scenario else SCENARIOS
    chosen = [one for one in offered if not arguments.scenario or one.key in arguments.scenario]
    if not arguments.quick:
        return chosen
    return [quick for one in chosen if (quick := quick_scenario(one))]


def wanted_peers(scenarios: list[Scenario], only: list[str] | None) -> list[Peer]:
    """Who takes part in any of the scenarios."""
    wanted = {name for scenario in scenarios for name in scenario.columns()}
    return [peer for peer in PEERS if peer.name in wanted and (not only or peer.name in only)]


def able_peers(peers: list[Peer]) -> tuple[list[Peer], dict[str, str]]:
    """Who can take part, and who is left out and why."""
    left_out = {peer.name: reason for peer in peers if (reason := peer.missing())}
    return [peer for peer in peers if peer.name not in left_out], left_out


def use_image(peers: list[Peer]) -> None:
    """Have the chat server run on the image's Python, where there is an engine for it."""
    if not image.built():
        print("bench: no Docker engine: the server runs on the Python of the benchmark", file=sys.stderr)
        return
    for peer in peers:
        if isinstance(peer, ChatServer):
            peer.in_image = True


def new_results(peers: list[Peer], left_out: dict[str, str]) -> Results:
    """Results with nothing measured yet."""
    started = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    versions = {peer.name: version for peer in peers if (version := peer.version())}
    return Results(started, machine.describe(), versions, left_out)


def new_runner(arguments: argparse.Namespace) -> Runner:
    """Compile the generator and choose the cores; say so where there is one only."""
    cores = machine.choose_cores()
    if cores.shared:
        print("bench: one core only: server and generator share it, no figure means much", file=sys.stderr)
    machine.raise_file_limit()
    return Runner(Generator(build.load(), cores.generator), cores, QUICK_OPTIONS if arguments.quick else ())


def rounds(arguments: argparse.Namespace) -> int:
    """Say how many rounds there are at most."""
    return min(arguments.rounds, QUICK_ROUNDS) if arguments.quick else int(arguments.rounds)


def saved_as(arguments: argparse.Namespace) -> Path:
    """Say where the results go: only those of a full run, and what is to be kept, go beside the README."""
    if arguments.keep:
        return FULL / f"{arguments.keep}.json"
    partial = arguments.quick or arguments.scenario or arguments.peer
    return (PARTIAL if partial else FULL) / "latest.json"


def run(arguments: argparse.Namespace) -> None:
    """Measure, and show what came out."""
    scenarios = chosen_scenarios(arguments)
    wanted = wanted_peers(scenarios, arguments.peer)
    if not arguments.no_install:
        install.install(wanted)
    peers, left_out = able_peers(wanted)
    use_image(peers)
    for name, reason in left_out.items():
        print(f"bench: left out: {name}: {reason}", file=sys.stderr)
    path = saved_as(arguments)
    found = new_results(peers, left_out)
    steps = plan(scenarios, peers, rounds(arguments))
    measure_all(new_runner(arguments), steps, found, path)
    print(report.render(found))
    print(plot.draw(found, path.with_suffix(".png")), file=sys.stderr)


def shown(source: Path) -> str:
    """Draw the results of a run, and return their part of the README."""
    found = results.load(source)
    print(plot.draw(found, source.with_suffix(".png")), file=sys.stderr)
    return f"![The main scenarios](results/{source.stem}.png)\n\n" + report.render(found)


def show_again() -> None:
    """Draw the last full run again, and put its tables into the README."""
    source = FULL / "latest.json"
    if not source.exists():
        raise BenchError("there is no full run yet: `make bench` makes one in about 35 minutes")
    kept = sorted(set(FULL.glob("*.json")) - {source})
    parts = [shown(source), *(f"## Measured apart: {path.stem}\n\n{shown(path)}" for path in kept)]
    README.write_text(report.insert(README.read_text(), "\n".join(parts)))
    print("bench: wrote bench/README.md", file=sys.stderr)


def main() -> int:
    """Do what the command line asks; 1 when it cannot be done."""
    arguments = parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers are stopped then, too
    try:
        if arguments.command == "report":
            show_again()
        elif arguments.command == "compare":
            scenarios, runner = chosen_scenarios(arguments), new_runner(arguments)
            print(compare.run(arguments.before, arguments.after, scenarios, runner, rounds(arguments)))
        else:
            run(arguments)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
