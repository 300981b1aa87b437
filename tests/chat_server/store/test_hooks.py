"""Hooks and relays in the store."""

from contextlib import closing
from pathlib import Path

from chat_server.store.base import Naming
from chat_server.store.file import StoreFile
from chat_server.store.hooks import Hook, HookTable, Match, Position, Relay
from chat_server.store.sqlite import SqliteStore
from tests.support.world import Clock

ALERTS = ("alerts", ["alerts", "a1erts"])


def made() -> HookTable:
    """Return an empty one in memory."""
    return HookTable(StoreFile(None), Clock())


def test_a_hook_is_found_by_its_token_alone() -> None:
    """Until it is revoked, which can be done once; its number is never given again."""
    hooks = made()
    assert hooks.add(b"1", *ALERTS, ["ops", "lobby"], 60.0) == 1
    assert hooks.find(b"1") == Hook(1, "alerts", ["ops", "lobby"], 60.0, 1000.0)
    assert hooks.hooks() == [hooks.find(b"1")]
    assert hooks.find(b"2") is None
    assert [hooks.revoke(1), hooks.revoke(1)] == [True, False]
    assert (hooks.find(b"1"), hooks.hooks()) == (None, [])
    assert hooks.add(b"1", *ALERTS, ["ops"], 60.0) == 2


def test_a_name_is_the_hook_s_until_it_is_revoked() -> None:
    """Also what it looks like; two hooks may have the very same name, so that a token can be replaced."""
    hooks = made()
    assert hooks.add(b"1", *ALERTS, ["ops"], 60.0) == 1
    assert hooks.add(b"2", *ALERTS, ["ops"], 60.0) == 2
    assert hooks.add(b"3", "a1erts", ["a1erts"], ["ops"], 60.0) is None
    assert hooks.revoke(1)
    assert hooks.is_reserved(["x", "a1erts"])
    found = hooks.named("a1erts")
    assert found is not None
    assert (found.number, found.name) == (2, "alerts")
    assert hooks.revoke(2)
    assert (hooks.is_reserved(["alerts", "a1erts"]), hooks.named("alerts")) == (False, None)


def test_no_account_and_no_hook_share_a_name(tmp_path: Path) -> None:
    """Whichever of them was first."""
    with closing(SqliteStore(tmp_path / "store")) as store:
        assert store.add(Naming("dave", "dave", ["dave", "clave"]), "") is not None
        assert store.hooks.add(b"1", "clave", ["clave"], ["ops"], 60.0) is None
        assert store.hooks.add(b"1", *ALERTS, ["ops"], 60.0) == 1
        assert store.add(Naming("a1erts", "a1erts", ["a1erts"]), "") is None
        assert store.hooks.revoke(1)
        assert store.add(Naming("a1erts", "a1erts", ["a1erts"]), "") is not None


def test_a_relay_is_as_it_was_made() -> None:
    """It has no token, and is revoked as hooks are."""
    hooks = made()
    match = Match(words=["deploy"], prefixes=["!"], mentions=["bot"])
    assert hooks.add(b"1", *ALERTS, ["ops"], 60.0) == 1
    assert hooks.add_relay("http://localhost:8000/", "key", ["ops"], match) == 2
    assert hooks.relays() == [Relay(2, "http://localhost:8000/", ["ops"], match, "key", 1000.0)]
    assert [each.number for each in hooks.hooks()] == [1]
    assert hooks.revoke(2)
    assert hooks.relays() == []


def test_a_relay_goes_on_where_it_was() -> None:
    """In each room; of one that was revoked meanwhile nothing is kept."""
    hooks = made()
    number = hooks.add_relay("http://localhost:8000/", "key", ["ops", "tea"], Match())
    hooks.set_positions(number, {"ops": Position("e", 3), "tea": Position("e", 9)})
    hooks.set_positions(number, {"ops": Position("f", 1)})
    assert hooks.positions(number) == {"ops": Position("f", 1), "tea": Position("e", 9)}
    assert hooks.revoke(number)
    hooks.set_positions(number, {"ops": Position("f", 2)})
    assert hooks.positions(number) == {}
