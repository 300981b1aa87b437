"""How scripts are written."""

import random
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_client.bot import script as script_module
from chat_client.bot.script import (
    COOLDOWN_SECONDS,
    NO_TIME,
    Enter,
    Finish,
    Loop,
    Pause,
    Say,
    Span,
    fill,
    parse_script,
    read_script,
)
from chat_client.errors import ScriptError

PERSONAS = sorted((Path(__file__).parents[3] / "demo" / "scripts").glob("*.script"))


def test_steps_in_order() -> None:
    """Each line is a step; remarks and empty lines are none."""
    script = parse_script("""
        # a remark
        join tea
        say One | Two
        begin

        me waves
        pause 2..6
        pause 0.5
        loop 3
        loop
        exit
    """)
    assert script.steps == [
        Enter("tea"),
        Say(("One", "Two")),
        Say(("waves",), action=True),
        Pause(Span(2, 6)),
        Pause(Span(0.5, 0.5)),
        Loop(2, 3),
        Loop(2, None),
        Finish(),
    ]


def test_reactions_are_no_steps() -> None:
    """They hold all along, with the cooldown that stands above them."""
    script = parse_script("""
        on /tea|coffee/ say Did I hear {0}?
        cooldown 5
        on join wait 1..2 say Welcome, {name}! | Hello
        on /^a\\/b (\\w+)$/ me nods at {1}
    """)
    tea, join, path = script.reactions
    assert script.steps == []
    assert tea.pattern is not None
    assert tea.pattern.search("some TEA?")
    assert (tea.wait, tea.say, tea.cooldown) == (NO_TIME, Say(("Did I hear {0}?",)), COOLDOWN_SECONDS)
    assert (join.pattern, join.wait, join.cooldown) == (None, Span(1, 2), 5.0)
    assert join.say.texts == ("Welcome, {name}!", "Hello")
    assert path.pattern is not None
    assert path.pattern.search("a/b c")
    assert path.say.action


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("shout hello", "“shout” is none of say, me, join"),
        ("say", "no text"),
        ("say one |  | two", "no text"),
        ("pause", "number of seconds"),
        ("pause soon", "number of seconds"),
        ("pause -1", "number of seconds"),
        ("pause 6..2", "smaller one"),
        ("join", "join ROOM"),
        ("join two rooms", "join ROOM"),
        ("begin here", "stands alone"),
        ("exit now", "stands alone"),
        ("loop", "needs a pause"),
        ("loop 0", "how many times"),
        ("loop many", "how many times"),
        ("cooldown 0", "1 or more"),
        ("cooldown 1..2", "one number"),
        ("on tea say x", "a reaction is"),
        ("on /tea/ x", "a reaction is"),
        ("on /tea/ say", "a reaction is"),
        ("on /(/ say x", "the pattern /(/ is wrong"),
        ("on /tea/ wait soon say x", "number of seconds"),
        ("on /tea/ say {1}", "{1} is none of {0}, {name}"),
        ("on join say {0}", "{0} is none of {name}"),
    ],
)
def test_a_wrong_line_is_named(line: str, complaint: str) -> None:
    """What is wrong is told with the line's number, and where to read how it is right."""
    with pytest.raises(ScriptError) as caught:
        parse_script(f"say hello\n{line}\n", "my.script")
    assert str(caught.value).startswith("my.script, line 2: ")
    assert complaint in str(caught.value)
    assert "--help-script" in str(caught.value)


def test_a_loop_without_a_pause_would_flood() -> None:
    """The pause must lie between where the loop goes back to and the loop."""
    with pytest.raises(ScriptError, match="line 4: a loop needs a pause"):
        parse_script("pause 5\nbegin\nsay x\nloop")


@given(st.text())
def test_any_text_is_a_script_or_an_error(text: str) -> None:
    """There is no third thing, such as a traceback."""
    with suppress(ScriptError):
        assert parse_script(text).steps == parse_script(text).steps


def test_reads_files(tmp_path: Path) -> None:
    """A file that cannot be read is told as such."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text("say grüße", encoding="utf-8")
    bad.write_bytes(b"say \xff")
    assert read_script(str(good)).steps == [Say(("grüße",))]
    with pytest.raises(ScriptError, match="not UTF-8"):
        read_script(str(bad))
    with pytest.raises(ScriptError, match="no such file"):
        read_script(str(tmp_path / "none"))


def test_the_help_is_a_script() -> None:
    """What the documentation shows is understood as it stands there."""
    lines = [
        line[:44].strip() for line in (script_module.__doc__ or "").splitlines() if line.startswith("    ")
    ]
    parsed = parse_script("\n".join(lines))
    assert len(parsed.reactions) == 3
    assert {type(step) for step in parsed.steps} == {Say, Enter, Pause, Loop, Finish}


@pytest.mark.parametrize("path", PERSONAS, ids=lambda path: path.stem)
def test_the_personas_are_scripts(path: Path) -> None:
    """Those of the demo have something to say, and go on for ever."""
    script = read_script(str(path))
    assert script.reactions
    assert isinstance(script.steps[-1], Loop)


def test_there_are_personas() -> None:
    """The demo needs three at least."""
    assert len(PERSONAS) >= 3


def test_placeholders() -> None:
    """A reaction says who it is about and what fitted; a group that did not take part is empty."""
    match = re.search(r"(t)ea( please)?", "some tea")
    assert fill("{name}: {0} {1}{2} {{", "bob", match) == "bob: tea t {{"
    assert fill("{name}", "{0}", None) == "{0}"


def test_a_span_is_chosen_within_its_bounds() -> None:
    """A wait is never shorter or longer than the script says."""
    chance = random.Random(1)
    times = [Span(2, 6).choose(chance) for _ in range(100)]
    assert 2 <= min(times) < max(times) <= 6


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_script_may_come_from_any_editor(tmp_path: Path, encoding: str) -> None:
    """With a byte order mark or without, and with either end of a line."""
    path = tmp_path / "greet.script"
    path.write_bytes("say grüße\r\nexit\r\n".encode(encoding))
    assert read_script(str(path)).steps == [Say(("grüße",)), Finish()]


def test_scripts_that_were_put_together() -> None:
    """Each of them may have begun with a byte order mark."""
    assert parse_script("say a\n\ufeffsay b\n").steps == [Say(("a",)), Say(("b",))]


def test_what_is_too_long_is_no_script() -> None:
    """Nor does it fill the memory, as /dev/zero would."""
    with pytest.raises(ScriptError, match="longer than"):
        read_script("/dev/zero")


@pytest.mark.parametrize(
    "line",
    [
        f"pause {'9' * 400}",
        "pause 1..1e9",
        "pause 1..99999999999",
        f"loop {'9' * 5000}",
        "cooldown 1000000001",
    ],
)
def test_numbers_that_no_clock_holds_are_refused(line: str) -> None:
    """With the line they stand in."""
    with pytest.raises(ScriptError, match="line 2"):
        parse_script(f"pause 1\n{line}\n")
