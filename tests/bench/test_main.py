"""The command line: what each form measures."""

from pathlib import Path

import pytest

from bench import __main__ as command
from bench.__main__ import QUICK_ROUNDS, chosen_scenarios, parser, rounds, wanted_peers
from bench.errors import BenchError
from bench.report import BEGIN, END, insert
from bench.scenarios import COMPARED, ROOMS, SCENARIOS
from tests.bench.samples import sample


def test_everything_is_measured_by_default() -> None:
    """All scenarios, five rounds at most."""
    arguments = parser().parse_args([])
    assert chosen_scenarios(arguments) == list(SCENARIOS)
    assert rounds(arguments) == 5


def test_the_quick_form_has_fewer_cases_and_rounds() -> None:
    """Only cases that are marked, and no scenario without any."""
    arguments = parser().parse_args(["--quick"])
    chosen = chosen_scenarios(arguments)
    assert 0 < len(chosen) < len(SCENARIOS)
    assert all(case.quick for scenario in chosen for case in scenario.cases)
    assert rounds(arguments) == QUICK_ROUNDS


def test_one_scenario_and_one_peer() -> None:
    """Only servers that take part in what was chosen."""
    arguments = parser().parse_args(["--scenario", "rooms", "--peer", "nats-server", "--peer", "memory"])
    chosen = chosen_scenarios(arguments)
    assert chosen == [ROOMS]
    assert [peer.name for peer in wanted_peers(chosen, arguments.peer)] == ["nats-server"]


def test_a_comparison_is_with_the_working_tree_by_default() -> None:
    """Of the main scenarios, or of those asked for."""
    arguments = parser().parse_args(["compare", "HEAD"])
    assert (arguments.before, arguments.after) == ("HEAD", ".")
    assert chosen_scenarios(arguments) == list(COMPARED)
    arguments = parser().parse_args(["--scenario", "rooms", "compare", "HEAD"])
    assert chosen_scenarios(arguments) == [ROOMS]


def test_a_misspelt_name_is_refused_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is measured."""
    with pytest.raises(SystemExit):
        parser().parse_args(["--scenario", "romms"])
    assert "rooms" in capsys.readouterr().err


def test_the_last_full_run_goes_into_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its picture, between the marks."""
    monkeypatch.setattr(command, "FULL", tmp_path)
    monkeypatch.setattr(command, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(f"above {BEGIN} none yet {END} below")
    sample().save(tmp_path / "latest.json")
    command.show_again()
    text = (tmp_path / "README.md").read_text()
    assert text.startswith(f"above {BEGIN}\n\n![The main scenarios](results/latest.png)")
    assert "| 12 M ±33% | 3 M ±33% (x 4.00) |" in text
    assert text.endswith(f"{END} below")
    assert (tmp_path / "latest.png").exists()


def test_what_was_kept_follows_the_full_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a heading, its own picture and its own facts."""
    monkeypatch.setattr(command, "FULL", tmp_path)
    monkeypatch.setattr(command, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(f"{BEGIN}{END}")
    for name in ("latest", "dialects"):
        sample().save(tmp_path / f"{name}.json")
    command.show_again()
    _, apart, text = (tmp_path / "README.md").read_text().partition("\n## Measured apart: dialects\n")
    assert apart
    assert text.startswith("\n![The main scenarios](results/dialects.png)\n\nTaken ")


def test_only_what_is_full_or_kept_goes_beside_the_readme() -> None:
    """A run of one scenario must not take the place of a full one."""
    paths = {
        words: command.saved_as(parser().parse_args(words.split()))
        for words in ("", "--scenario rooms", "--scenario rooms --keep rooms")
    }
    assert paths[""] == command.FULL / "latest.json"
    assert paths["--scenario rooms"] == command.PARTIAL / "latest.json"
    assert paths["--scenario rooms --keep rooms"] == command.FULL / "rooms.json"


@pytest.mark.parametrize("name", ["latest", "../rooms", ""])
def test_a_name_that_would_overwrite_something_is_refused(name: str) -> None:
    """Before anything is measured."""
    with pytest.raises(SystemExit):
        parser().parse_args(["--keep", name])


def test_without_a_full_run_it_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick run is no ground for the README."""
    monkeypatch.setattr(command, "FULL", tmp_path)
    with pytest.raises(BenchError, match="make bench"):
        command.show_again()


def test_the_readme_has_a_place_for_the_results() -> None:
    """Between the marks that `report` looks for."""
    assert "new text" in insert(command.README.read_text(), "new text")
