"""How somebody who is here must go."""

from pathlib import Path
from typing import NoReturn

import pytest

from chat_protocol.messages import Name
from chat_protocol.server_messages import Notice
from chat_server.chat import names
from chat_server.chat.removal import FINAL, REMOVED, kick
from chat_server.errors import StoreError
from chat_server.store.moderation import Ban
from chat_server.store.sqlite import SqliteStore
from tests.support.world import Client, World


def ban(world: World, name: str, reason: str = "") -> None:
    """Ban a name."""
    world.access.bans.add(Ban("", "name", names.key(name), name, reason=reason))


def test_who_is_kicked_is_told_why() -> None:
    """On all connections of that name, in whatever spelling; nobody else is."""
    world = World()
    dave, ann = world.clients("dave", "ann")
    assert kick(world.hub.registry, "DAVE", "spam") == 1
    assert [each.text for each in dave.outbox.of(Notice)] == ["you were removed from this chat: spam"]
    assert (dave.outbox.ended, ann.outbox.ended) == (["kicked"], [])
    assert kick(world.hub.registry, "bob", "") == 0


def test_whoever_is_away_is_not_kicked() -> None:
    """There is no connection to be ended."""
    world = World()
    world.client("dave").hang_up()
    assert kick(world.hub.registry, "dave", "") == 0


@pytest.mark.parametrize("reason", sorted(FINAL))
def test_a_session_that_ended_so_is_resumed_no_more(reason: str) -> None:
    """Its name is free at once."""
    world = World()
    dave = world.client("dave")
    token = dave.session.token
    dave.hang_up(reason, final=True)
    welcome = Client(world.hub).register("dave", session=token)
    assert welcome is not None
    assert welcome.resumed is False
    assert FINAL - {"exit"} == REMOVED


def test_a_ban_ends_who_is_here() -> None:
    """Under that name or one that looks like it; the reason is told."""
    world = World()
    dave, ann = world.clients("d\u0430ve", "ann")
    ban(world, "dave", "spam")
    assert [each.text for each in dave.outbox.of(Notice)] == ["dave is banned from this chat: spam"]
    assert (dave.outbox.ended, ann.outbox.ended) == (["banned"], [])


def test_nobody_comes_in_under_a_banned_name() -> None:
    """Not new, not back to a session, not by way of another name, neither by a change of name."""
    world = World()
    dave, ann = world.clients("dave", "ann")
    token = dave.session.token
    dave.hang_up()
    ban(world, "dave")
    for name, fields in (("dave", {}), ("dave", {"session": token}), ("someone", {"session": token})):
        client = Client(world.hub)
        assert client.register(name, **fields) is None
        assert client.outbox.errors() == ["banned"]
    ann.send(Name("Dave"))
    assert ann.outbox.errors() == ["banned"]
    assert world.access.results["banned"] == 3


@pytest.mark.parametrize("comes", ["new", "renamed"])
def test_a_ban_that_comes_while_somebody_comes_in(comes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the name was looked up, and before the connection can be found: it ends all the same."""
    world = World()
    client = Client(world.hub) if comes == "new" else world.client("ann")
    give = world.hub.registry.give_name if comes == "new" else world.hub.registry.rename

    def banned_meanwhile(*arguments: object) -> None:
        ban(world, "dave")
        give(*arguments)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(world.hub.registry, give.__name__, banned_meanwhile)
    if comes == "new":
        client.register("dave")
    else:
        client.send(Name("dave"))
    assert client.outbox.ended == ["banned"]


def test_who_was_removed_has_not_read_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unlike whoever says goodbye: what was sent may not have arrived."""
    noted: list[object] = []
    world = World()
    monkeypatch.setattr(world.hub.people, "note_read", lambda *arguments: noted.append(arguments))
    for reason in sorted(FINAL):
        world.client("ann").hang_up(reason, final=True)
        assert bool(noted) is (reason == "exit")
        noted.clear()


def test_what_another_process_has_changed(tmp_path: Path) -> None:
    """A ban in the store is in force at the next look; if that fails, at the one after it."""
    world = World(store=SqliteStore(tmp_path / "store"))
    dave = world.client("dave")
    other = SqliteStore(tmp_path / "store")
    other.moderation.add_ban(Ban("", "name", "dave", "dave"))
    read, world.store.moderation.bans = world.store.moderation.bans, failing  # type: ignore[method-assign, assignment]  # a disk
    with pytest.raises(StoreError):
        world.hub.follow_accounts()
    world.store.moderation.bans = read  # type: ignore[method-assign]  # it is well again
    world.hub.follow_accounts()
    assert dave.outbox.ended == ["banned"]
    other.close()
    world.store.close()


def failing() -> NoReturn:
    """Read as a disk does that fails."""
    raise StoreError("no disk")
