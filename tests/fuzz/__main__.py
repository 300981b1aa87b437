"""Fuzzes each target in turn, with atheris, or with hypothesis where that cannot be installed."""

import argparse
import contextlib
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What was found stays here: inputs that reach new code, and those that broke something.
FOUND = ROOT / "build/fuzz-found"
#: Seconds for all targets together, if nothing is said.
SECONDS = 60.0
#: Bytes of an input, at the most.
INPUT_BYTES = 2000
#: Examples of hypothesis between two looks at the clock.
EXAMPLES = 500


def main() -> int:
    """Fuzz; return 1 if something broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="which targets; all, if none is named")
    parser.add_argument("--duration", type=float, default=SECONDS, help="seconds for all of them together")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="give a target this input once")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        _with_atheris(options.targets[0], options.duration)
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415  # after atheris has had its look at the imports

    names = options.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if options.replay is not None:
        for name in names:
            TARGETS[name](options.replay.read_bytes())
        return 0
    fuzz = _in_a_process if _has_atheris() else _with_hypothesis
    if fuzz is _with_hypothesis:
        print("fuzz: there is no atheris here, so hypothesis makes the inputs")  # noqa: T201  # for a person
    return max([fuzz(name, options.duration / len(names)) for name in names])


def _has_atheris() -> bool:
    try:
        import atheris  # noqa: F401, PLC0415  # whether it is there is the question
    except ImportError:
        return False
    return True


def _tell(name: str, executions: int, seconds: float, *, held: bool) -> None:
    said = "held" if held else "BROKE"
    print(f"fuzz: {name}: {executions:,} executions in {seconds:.0f} s, {said}", flush=True)  # noqa: T201  # for a person


def _with_atheris(name: str, seconds: float) -> None:
    """Fuzz one target until the time is up; ends the process."""
    import atheris  # noqa: PLC0415  # not everywhere

    with atheris.instrument_imports(include=["chat_protocol", "chat_server"]):
        from tests.fuzz.targets import CORPUS, TARGETS  # noqa: PLC0415  # its imports are looked at

    (FOUND / name).mkdir(parents=True, exist_ok=True)
    words = Path(tempfile.mkdtemp()) / "words"
    words.write_text(_words(), encoding="ascii")
    flags = [
        f"-max_total_time={seconds:.0f}",
        f"-max_len={INPUT_BYTES}",
        f"-dict={words}",
        "-print_final_stats=1",
    ]
    flags += [f"-artifact_prefix={FOUND}/{name}-", "-timeout=30", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], *flags, str(FOUND / name), str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


def _words() -> str:
    """Return the protocol's words, as libFuzzer's dictionaries have them."""
    files = sorted((ROOT / "chat_protocol").glob("*messages.py"))
    source = "".join(each.read_text(encoding="utf-8") for each in files)
    words = {*re.findall(r'tag="([A-Z_]+)"', source), *re.findall(r"^    (\w+):", source, re.MULTILINE)}
    return "".join(f'"{each}"\n' for each in sorted({"type", "lobby", *words}))


def _in_a_process(name: str, seconds: float) -> int:
    """Fuzz one target in a process of its own: libFuzzer ends it."""
    command = [sys.executable, "-m", "tests.fuzz", name, "--alone", "--duration", str(seconds)]
    begun = time.monotonic()
    done = subprocess.run(  # noqa: S603  # ourselves
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        cwd=ROOT,
    )
    counted = re.findall(r"stat::number_of_executed_units: +(\d+)", done.stdout)
    _tell(name, int(counted[-1]) if counted else 0, time.monotonic() - begun, held=not done.returncode)
    if done.returncode:
        print(*done.stdout.splitlines()[-40:], sep="\n")  # noqa: T201  # for a person
        print(f"fuzz: see {FOUND}; python -m tests.fuzz {name} --replay FILE tries one again")  # noqa: T201  # likewise
    return int(bool(done.returncode))


def _with_hypothesis(name: str, seconds: float) -> int:
    """Fuzz one target with what hypothesis makes."""
    from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: PLC0415  # not beside atheris

    from tests.fuzz.blind import inputs  # noqa: PLC0415  # likewise
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415  # likewise

    count = itertools.count()

    def run(data: bytes) -> None:
        next(count)
        TARGETS[name](data)

    quiet = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    begun = time.monotonic()
    try:
        while time.monotonic() - begun < seconds:
            seed(random.randrange(1 << 62))(quiet(given(inputs(name))(run)))()
    except Exception:
        _tell(name, next(count), time.monotonic() - begun, held=False)
        raise
    _tell(name, next(count), time.monotonic() - begun, held=True)
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        os.chdir(ROOT)
        sys.exit(main())
