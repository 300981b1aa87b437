# ruff: noqa: T201 - a command that prints
"""`make chaos`: every fault, again and again until the time is up; exit status 1 where a promise broke."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.chaos import injected, runs
from tests.chaos.load import Outcome

Run = Callable[[Path, int, int, runs.Say], Outcome]
#: Each run and how many rounds it has in one pass.
RUNS: dict[str, tuple[Run, int]] = {
    "kills": (runs.kills, 20),
    "cuts": (runs.cuts, 60),
    "kills-and-cuts": (runs.kills_and_cuts, 10),
    "drains": (runs.drains, 3),
    "clock": (runs.clock, 10),
    "disk-full": (runs.disk_full, 2),
    "server-faults": (injected.server_faults, 20),
    "client-faults": (injected.client_faults, 5),
}
COLUMNS = ("messages", "acknowledged", "heard", "connections")
BROKEN = ("lost", "duplicated", "out of order", "invented", "session")
EPILOG = """\
examples:
  python -m tests.chaos                               every fault for 3 minutes
  python -m tests.chaos --duration 30 --only kills    half a minute of kill -9
  python -m tests.chaos --seed 7 --duration 0         one pass with the choices of seed 7
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the faults; return 1 where a promise was broken."""
    options = _options(arguments)
    source = random.Random(options.seed)
    print(f"chaos: seed {options.seed}, {options.duration:g} s; --seed {options.seed} makes the same choices")
    names = _possible(options.only or list(RUNS))
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + options.duration
    while names and (not outcomes or time.monotonic() < deadline):
        for name in names:
            outcomes.append(_perform(name, source.getrandbits(32)))
            if outcomes[-1].violations:
                print(outcomes[-1].report(), file=sys.stderr)
            if len(outcomes) >= len(names) and time.monotonic() > deadline:
                break
    print(summary(outcomes))
    return 1 if any(outcome.violations for outcome in outcomes) else 0


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the table: a row for each fault, and their sum."""
    head = ["fault", "runs", "rounds", *COLUMNS, *BROKEN]
    names = list(dict.fromkeys(outcome.name for outcome in outcomes))
    rows = [_row(name, [each for each in outcomes if each.name == name]) for name in names]
    table = [head, *rows, _row("all", outcomes)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )


def _row(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    numbers = [len(outcomes), sum(each.rounds for each in outcomes)]
    numbers += [sum(each.counts[column] for each in outcomes) for column in COLUMNS]
    numbers += [sum(each.column(column) for each in outcomes) for column in BROKEN]
    return [name, *(f"{number:,}" for number in numbers)]


def _perform(name: str, seed: int) -> Outcome:
    run, rounds = RUNS[name]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        outcome = run(Path(folder), seed, rounds, _say)
    counts = outcome.counts
    _say("")
    print(
        f"{outcome.name}: seed {seed}, {outcome.rounds} rounds, {counts['messages']} messages,"
        f" {counts['connections']} connections, {len(outcome.violations)} violations,"
        f" {time.monotonic() - started:.1f} s",
        flush=True,
    )
    return outcome


def _say(text: str) -> None:
    """Show how far it is, where somebody looks."""
    if sys.stdout.isatty():
        print(f"\r{text:<60}\r", end="", flush=True)


def _possible(names: list[str]) -> list[str]:
    """Leave out what cannot be run here, and say so."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        reason = runs.may_mount(Path(folder)) if "disk-full" in names else None
    if reason:
        print(f"disk-full is left out: {reason}")
        names = [name for name in names if name != "disk-full"]
    return names


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Faults under load, on real servers with SQLite journals; a checker looks for what was"
        " lost, shown twice or shown in another order.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--duration", type=float, default=180.0, metavar="SECONDS", help="how long; default 180"
    )
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().getrandbits(32), help="default: another each time"
    )
    parser.add_argument(
        "--only", action="append", choices=RUNS, help="this fault alone; may be given more than once"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
