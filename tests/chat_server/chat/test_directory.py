"""Which session has which name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import NameTakenError
from chat_server.chat.directory import LocalDirectory
from tests.support.world import Clock


def test_a_name_is_one_session_s() -> None:
    """In whatever spelling; the session may ask for it again."""
    directory = LocalDirectory(Clock())
    directory.take("s1", "Ann")
    directory.take("s1", "ann")
    with pytest.raises(NameTakenError, match="taken; choose another"):
        directory.take("s2", "ANN")
    assert (directory.find("aNN"), directory.find("bob")) == ("s1", None)


def test_a_name_that_looks_like_another_is_taken() -> None:
    """And is not found by it: what is said to one never reaches the other."""
    directory = LocalDirectory(Clock())
    directory.take("s1", "Ivan")
    with pytest.raises(NameTakenError, match="looks like somebody else's; choose another"):
        directory.take("s2", "lvan")
    assert directory.find("ivan") == "s1"
    assert directory.find("lvan") is None
    directory.release("s1")
    directory.take("s2", "lvan")
    assert directory.find("lvan") == "s2"


def test_one_name_may_end_the_holding_of_several() -> None:
    """Whose time is over; whoever takes it looks like both."""
    clock = Clock()
    directory = LocalDirectory(clock)
    directory.take("s1", "lvan")
    directory.take("s2", "ivan")
    directory.hold("s1", 1.0)
    directory.hold("s2", 1.0)
    with pytest.raises(NameTakenError):
        directory.take("s3", "Ivan")
    clock.now += 2
    directory.take("s3", "Ivan")
    assert (directory.find("ivan"), directory.find("lvan"), len(directory)) == ("s3", None, 1)


def test_another_name_takes_the_place_of_the_first() -> None:
    """Which is free then; but not if the other is not to be had."""
    directory = LocalDirectory(Clock())
    directory.take("s1", "ann")
    directory.take("s2", "bob")
    with pytest.raises(NameTakenError):
        directory.take("s2", "ann")
    assert directory.find("bob") == "s2"
    directory.take("s2", "cat")
    assert (directory.find("bob"), directory.find("cat"), len(directory)) == (None, "s2", 2)


def test_a_name_is_held_for_a_while() -> None:
    """Then whoever asks first has it, and the one of before takes nothing away from it."""
    clock = Clock()
    directory = LocalDirectory(clock)
    directory.take("s1", "ann")
    directory.hold("s1", 60.0)
    with pytest.raises(NameTakenError, match="60 s"):
        directory.take("s2", "ann")
    assert directory.find("ann") == "s1"
    clock.now += 60.5
    assert directory.find("ann") is None
    directory.take("s2", "ann")
    directory.hold("s1", 60.0)
    directory.release("s1")
    assert directory.find("ann") == "s2"


def test_who_comes_back_has_the_name_for_good() -> None:
    """It is held no longer than it is needed."""
    clock = Clock()
    directory = LocalDirectory(clock)
    directory.take("s1", "ann")
    directory.hold("s1", 60.0)
    directory.take("s1", "ann")
    clock.now += 100
    assert directory.find("ann") == "s1"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "hold", "release", "wait"]),
            st.sampled_from("abc"),
            st.sampled_from("xyz"),
        ),
        max_size=30,
    )
)
def test_no_name_has_two_holders_and_no_session_two_names(steps: list[tuple[str, str, str]]) -> None:
    """Whatever is done in whatever order; and nothing is kept of who has no name."""
    clock = Clock()
    directory = LocalDirectory(clock)
    named: set[str] = set()
    for what, session, name in steps:
        if what == "take":
            try:
                directory.take(session, name)
            except NameTakenError:
                continue
            named.add(session)
            assert directory.find(name) == session
        elif what == "hold":
            directory.hold(session, 5.0)
        elif what == "release":
            directory.release(session)
            named.discard(session)
        else:
            clock.now += 3.0
        found = [holder for each in "xyz" if (holder := directory.find(each)) is not None]
        assert len(found) == len(set(found))
        assert set(found) <= named
        assert len(directory) <= len(named)
