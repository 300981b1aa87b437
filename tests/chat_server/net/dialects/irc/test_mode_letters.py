"""The letters of MODE."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.moderation_messages import RoleFrame, RulesFrame
from chat_server.net.dialects.irc.mode_letters import (
    Change,
    changes,
    of_changed_rules,
    of_role,
    of_rules,
    written,
)


@pytest.mark.parametrize(
    ("letters", "params", "expected"),
    [
        ("+i", [], [Change("i", True)]),
        ("im-s", [], [Change("i", True), Change("m", True), Change("s", False)]),
        ("+o-v", ["ann", "bob"], [Change("o", True, "ann"), Change("v", False, "bob")]),
        ("+ko", ["key", "ann"], [Change("k", True, "key"), Change("o", True, "ann")]),
        ("b", [], [Change("b", True)]),
        ("+o", [], [Change("o", True)]),
        ("+-+", [], []),
        ("x", ["ann"], [Change("x", True)]),
    ],
)
def test_a_line_is_taken_apart(letters: str, params: list[str], expected: list[Change]) -> None:
    """Signs hold on, and parameters go to the letters that take one."""
    assert list(changes(letters, params)) == expected


def test_what_lacks_a_parameter() -> None:
    """To ask for bans, or to take a key away, takes none."""
    assert [each.letter for each in changes("+ovkb-k", []) if each.lacks] == ["o", "v", "k"]
    assert not Change("b", False).lacks


@given(st.text(max_size=20), st.lists(st.text(), max_size=5))
def test_any_letters_are_changes(letters: str, params: list[str]) -> None:
    """And what is written of them is read as the same."""
    found = list(changes(letters, params))
    assert len(found) == len(letters) - letters.count("+") - letters.count("-")
    if found and not any(each.lacks for each in found):
        first, *rest = written(found)
        assert [each for each in changes(first, rest) if each.param is not None] == [
            each for each in found if each.param is not None
        ]


def test_how_a_room_is_run() -> None:
    """What is always so, what is set, and that there is a key."""
    assert written(of_rules(RulesFrame("tea", owned=False))) == ["+n"]
    rules = RulesFrame("tea", True, True, True, True, 0.0, True)
    assert written(of_rules(rules)) == ["+imnstk", "*"]


def test_what_is_new_of_it() -> None:
    """Alone."""
    rules = RulesFrame("tea", True, True, changed=["invite_only", "announce", "password", "slow_seconds"])
    assert written(of_changed_rules(rules)) == ["+i-mk", "*"]
    assert of_changed_rules(RulesFrame("tea", True, True)) == []


@pytest.mark.parametrize(
    ("was", "role", "expected"),
    [
        ("member", "moderator", ["+o", "ann"]),
        ("moderator", "member", ["-o", "ann"]),
        ("speaker", "moderator", ["-v+o", "ann", "ann"]),
        ("member", "speaker", ["+v", "ann"]),
        ("moderator", "owner", None),
        ("member", "reader", None),
        (None, "owner", None),
    ],
)
def test_what_becomes_of_somebody(was: str | None, role: str, expected: list[str] | None) -> None:
    """In letters, as far as there are some."""
    made = of_role(RoleFrame("tea", "ann", role, "bob", was=was), "ann")
    assert (written(made) if made else None) == expected
