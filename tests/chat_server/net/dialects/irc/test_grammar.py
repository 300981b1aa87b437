"""Lines of IRC, taken apart and put together."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chat_server.net.dialects.irc.grammar import (
    LINE_BYTES,
    Line,
    compose,
    escape,
    middle,
    parse,
    tagged,
    unescape,
    write_tags,
)

#: Anything that a line can hold as one of several parameters.
WORDS = st.text(st.characters(exclude_characters="\r\n\0 ", exclude_categories=["Cs"]), min_size=1).filter(
    lambda word: not word.startswith(":")
)
TEXTS = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))
TAGS = st.dictionaries(
    st.from_regex(r"\+?[a-z][a-z./-]{0,8}", fullmatch=True),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("   ", None),
        (":source", None),
        ("@tag", None),
        ("PING", Line("PING")),
        ("ping a", Line("PING", ("a",))),
        ("  PING   a  b ", Line("PING", ("a", "b"))),
        ("PING :", Line("PING", ("",))),
        ("PRIVMSG #a :hi  there :x ", Line("PRIVMSG", ("#a", "hi  there :x "))),
        ("PRIVMSG #a ::)", Line("PRIVMSG", ("#a", ":)"))),
        ("PRIVMSG a:b c", Line("PRIVMSG", ("a:b", "c"))),
        (":me!u@h NICK you", Line("NICK", ("you",), source="me!u@h")),
        ("@a=1;b;a=2;=x;;c= NICK x", Line("NICK", ("x",), {"a": "2", "b": "", "c": ""})),
        (r"@a=\:\s\\\r\n\x\ :s NICK x", Line("NICK", ("x",), {"a": "; \\\r\nx"}, "s")),
    ],
)
def test_lines_are_taken_apart(text: str, line: Line | None) -> None:
    """By spaces, with a colon before the last parameter that may have some."""
    assert parse(text) == line


def test_what_is_missing_is_empty() -> None:
    """A parameter that isn't there is an empty one."""
    line = Line("JOIN", ("#a",))
    assert (line.param(0), line.param(1)) == ("#a", "")


@given(st.text())
def test_anything_can_be_parsed(text: str) -> None:
    """And whatever came of it has a command in capitals and no empty parameter but the last."""
    line = parse(text)
    if line is not None:
        assert line.command
        assert line.command == line.command.upper()
        assert all(line.params[:-1])


@given(st.from_regex(r"[A-Z]{1,9}", fullmatch=True), st.lists(WORDS), TEXTS, TAGS)
def test_what_is_composed_is_parsed_again(
    command: str, words: list[str], last: str, tags: dict[str, str]
) -> None:
    """The parts come back as they were."""
    line = compose(command, *words, last, source="me", tags=tags)
    assume(len(compose(command, *words, last, source="me")) < LINE_BYTES)
    assert line.endswith(b"\r\n")
    assert line.count(b"\n") == line.count(b"\r") == 1
    assert parse(line.decode().removesuffix("\r\n")) == Line(command, (*words, last), tags, "me")


@given(st.text(), st.text())
def test_nothing_makes_two_lines_of_one(word: str, text: str) -> None:
    """What a line can't hold is replaced, whoever said it."""
    line = compose("X", word, text).decode()
    assert line[:-2].isprintable() or not {"\r", "\n", "\0"} & {*line[:-2]}
    parsed = parse(line[:-2])
    assert parsed is not None
    assert len(parsed.params) == 2


def test_what_is_too_long_is_cut() -> None:
    """Where a character ends, and it is to be seen; tags don't count."""
    line = compose("X", "é" * 300, tags={"a": "b" * 600})
    assert line.endswith("é…\r\n".encode())
    assert len(line.partition(b" ")[2]) in {LINE_BYTES - 1, LINE_BYTES}


def test_what_stands_between_is_one_word() -> None:
    """Or it would be taken for several, or for the last."""
    assert [middle(each) for each in ("a", "a b", ":a", "::", "")] == ["a", "a_b", "a", "*", "*"]


def test_a_tag_is_added() -> None:
    """Before those that are there."""
    assert tagged(b"PING :x\r\n", "label", "a b") == rb"@label=a\sb PING :x" + b"\r\n"
    assert tagged(b"@time=1 PING :x\r\n", "batch", "b1") == b"@batch=b1;time=1 PING :x\r\n"
    assert write_tags({"a": "", "b": ";"}) == r"a;b=\:"


@given(st.text())
def test_values_of_tags_come_back(value: str) -> None:
    """Whatever they are."""
    assert unescape(escape(value)) == value
