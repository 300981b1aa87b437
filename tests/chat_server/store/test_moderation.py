"""Bans and acts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server.store.file import StoreFile
from chat_server.store.moderation import FOR_EVER, Act, Ban, Moderation
from tests.support.world import Clock


def made(clock: Clock) -> Moderation:
    """Return an empty one in memory."""
    return Moderation(StoreFile(None), clock)


def test_a_ban_lasts_until_its_end() -> None:
    """Or until it is lifted; both are told apart."""
    clock = Clock()
    moderation = made(clock)
    moderation.add_ban(Ban("", "name", "eve", "Eve", 1060.0, "spam", "ann"))
    moderation.add_ban(Ban("tea", "account", "7", "mallory"))
    first, second = moderation.bans()
    assert first[:7] == ("", "name", "eve", "Eve", 1060.0, "spam", "ann")
    assert (second.room, second.until) == ("tea", FOR_EVER)
    assert moderation.lift("tea", "account", "7")
    assert not moderation.lift("tea", "account", "7")
    clock.now += 60
    assert moderation.bans() == []
    assert not moderation.lift("", "name", "eve")


def test_another_ban_for_the_same_takes_its_place() -> None:
    """One in another room does not."""
    moderation = made(Clock())
    for room, until in (("", 1010.0), ("tea", 1020.0), ("", 1030.0)):
        moderation.add_ban(Ban(room, "name", "eve", "Eve", until))
    assert sorted((each.room, each.until) for each in moderation.bans()) == [("", 1030.0), ("tea", 1020.0)]


def test_what_was_done_can_be_read_back() -> None:
    """The newest first, in all rooms or in one."""
    clock = Clock()
    moderation = made(clock)
    for number in range(3):
        clock.now = 1000.0 + number
        moderation.note(Act("ann", "kick", f"eve{number}", "tea" if number else "", "spam"))
    acts = moderation.acts(2)
    assert [(each.target, each.ts) for each in acts] == [("eve2", 1002.0), ("eve1", 1001.0)]
    assert acts[0][:5] == ("ann", "kick", "eve2", "tea", "spam")
    assert [each.target for each in moderation.acts(9, "")] == ["eve0"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 20), st.booleans()), max_size=20))
def test_bans_are_those_that_were_made_and_are_not_over(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever is added, lifted and passes."""
    clock = Clock()
    moderation, model = made(clock), dict[str, float]()
    for value, seconds, adds in steps:
        clock.now += 1
        if adds:
            moderation.add_ban(Ban("", "name", value, value, clock.now + seconds))
            model[value] = clock.now + seconds
        else:
            assert moderation.lift("", "name", value) is (model.pop(value, 0.0) > clock.now)
        assert {each.value: each.until for each in moderation.bans()} == {
            each: until for each, until in model.items() if until > clock.now
        }


def test_an_act_may_have_its_time() -> None:
    """One that could not be stored at once is kept as of when it was done."""
    clock = Clock()
    moderation = made(clock)
    moderation.note(Act("ann", "kick", ts=clock.now - 60))
    moderation.note(Act("ann", "ban"))
    assert [each.ts for each in moderation.acts(2)] == [clock.now, clock.now - 60]
    assert (Ban("", "name", "eve", "eve").is_for_ever, Ban("", "name", "a", "a", 9.0).is_for_ever) == (
        True,
        False,
    )


def test_so_many_acts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go: whoever owns a room may act in it without end."""
    monkeypatch.setattr("chat_server.store.moderation.ACTS_AT_MOST", 2)
    moderation = made(Clock())
    for name in ("ann", "bob", "cat"):
        moderation.note(Act("op", "kick", name))
    assert [each.target for each in moderation.acts(9)] == ["cat", "bob"]
