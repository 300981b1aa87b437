"""What the journal is to forget, each at its time."""

import pytest

from chat_server.chat.leftovers import ROOMS_AT_ONCE, Leftovers
from chat_server.errors import JournalError
from tests.support.world import World, record


def stored(world: World, *rooms: str) -> None:
    """Store a message in each of these."""
    world.journal.commit([record(room, 1, 1) for room in rooms])


def kept(world: World, *rooms: str) -> list[str]:
    """Return which of these can still be read."""
    return [room for room in rooms if world.journal.read(room, 0, 9, 9).frames]


def nobody(_room: str) -> bool:
    """Want no room again."""
    return False


def leftovers(world: World, limit: int = 10) -> Leftovers:
    """Return what is left over in that world."""
    return Leftovers(world.commit, world.clock, limit)


def test_each_goes_at_its_time() -> None:
    """At once, after a delay, or not at all if it is wanted again."""
    world = World()
    left = leftovers(world)
    stored(world, "now", "later", "never", "wanted")
    left.add("now")
    left.add("later", 10.0)
    left.add("never", 10.0)
    left.add("wanted")
    left.spare("never")
    assert not left.forget("wanted".__eq__)
    assert kept(world, "now", "later", "never", "wanted") == ["later", "never", "wanted"]
    world.clock.now += 10
    left.forget(nobody)
    assert kept(world, "later", "never") == ["never"]
    assert len(left) == 0


def test_no_more_are_kept_than_the_limit() -> None:
    """The one that was left first goes early."""
    world = World()
    left = leftovers(world, limit=2)
    stored(world, "a", "b", "c")
    for room in "abc":
        left.add(room, 600.0)
    left.add("@inbox")
    left.forget(nobody)
    assert kept(world, "a", "b", "c") == ["b", "c"]


def test_a_batch_at_once() -> None:
    """Commits wait no longer than for one; it tells whether more is due."""
    world = World()
    left = leftovers(world, limit=100)
    for number in range(ROOMS_AT_ONCE + 1):
        left.add(f"r{number}")
    assert [left.forget(nobody), left.forget(nobody), left.forget(nobody)] == [True, False, False]
    assert len(left) == 0


def test_what_is_being_stored_is_forgotten_by_nobody() -> None:
    """While another thread stores, all is left for the next time."""
    world = World()
    left = leftovers(world)
    stored(world, "den")
    left.add("den")
    seen: list[bool] = []
    assert world.commit.maintain(lambda: seen.append(left.forget(nobody)))
    assert (seen, kept(world, "den")) == ([False], ["den"])
    left.forget(nobody)
    assert kept(world, "den") == []


def test_what_could_not_be_forgotten_stays_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is tried again."""
    world = World()
    left = leftovers(world)
    stored(world, "den")
    left.add("den")

    def fail(_room: str) -> None:
        raise JournalError("unwritable")

    with monkeypatch.context() as broken:
        broken.setattr(world.journal, "forget", fail)
        with pytest.raises(JournalError):
            left.forget(nobody)
    left.forget(nobody)
    assert kept(world, "den") == []
