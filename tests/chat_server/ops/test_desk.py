"""The operator's desk: what each request looks up, or does."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chat_server import values
from chat_server.chat import names
from chat_server.config import Config
from chat_server.errors import StoreError
from chat_server.journal.memory import MemoryJournal
from chat_server.net.server import Server
from chat_server.ops import admin_messages as admin
from chat_server.ops.desk import Desk
from chat_server.store.base import Naming
from chat_server.store.sqlite import SqliteStore
from tests.support.peer import Peer, joined
from tests.support.world import Clock

ACTOR = "shell:7"


class Desks:
    """A server with an address that is nobody's proxy, a desk, and the peers who are there."""

    def __init__(self, **settings: object) -> None:
        usual: dict[str, object] = {
            "host": "127.0.0.1",
            "port": 0,
            "profile": "trusted",
            "exempt_networks": (),
        }
        self.time = Clock(1_790_000_000.0)
        self.server = Server(
            Config(**{**usual, **settings}),  # type: ignore[arg-type]  # its fields
            MemoryJournal(),
            store=SqliteStore(None, self.time),
        )
        self.server.start()
        self.reloaded = "read again"
        self.desk = Desk(self.server, lambda: self.reloaded, self.server.clock)
        self._peers: list[Peer] = []

    def come(self, name: str) -> Peer:
        """Bring somebody in."""
        peer = joined(self.server.port, name)
        self._peers.append(peer)
        return peer

    def ask(self, request: admin.Request) -> list[admin.Answer]:
        """Return the answers."""
        return list(self.desk(request, ACTOR))

    def acts(self) -> list[tuple[str, str, str]]:
        """Return what was done, the newest first."""
        assert {each.actor for each in self.server.hub.access.store.moderation.acts(99)} <= {ACTOR}
        return [
            (each.act, each.target, each.detail) for each in self.server.hub.access.store.moderation.acts(99)
        ]

    def stop(self) -> None:
        """End it."""
        for peer in self._peers:
            peer.close()
        self.server.stop()


@pytest.fixture
def start() -> Iterator[Callable[..., Desks]]:
    """Start desks, and stop them in the end."""
    made: list[Desks] = []

    def start(**settings: object) -> Desks:
        made.append(Desks(**settings))
        return made[-1]

    yield start
    for each in made:
        each.stop()


@pytest.fixture
def desks(start: Callable[..., Desks]) -> Desks:
    """Start one with the usual settings."""
    return start()


def test_connections_users_and_rooms(desks: Desks) -> None:
    """Who is there, from where, and what waits; one who has given no name too."""
    dave = desks.come("dave")
    dave.join("tea")
    with socket.create_connection(("127.0.0.1", desks.server.port)) as nameless:
        assert nameless.recv(1)
        first, second = desks.ask(admin.Connections())
        assert isinstance(first, admin.ConnectionRow)
        assert isinstance(second, admin.ConnectionRow)
        assert (first.number, first.name, first.account, first.rooms) == (1, "dave", False, ["lobby", "tea"])
        assert first.peer == f"127.0.0.1:{dave.socket.getsockname()[1]}"
        assert (first.waiting, first.seconds >= 0) == (0, True)
        assert (second.name, second.rooms) == ("", [])
    assert desks.ask(admin.Users()) == [admin.UserRow("dave", False, 1, ["lobby", "tea"])]  # as its field
    assert desks.ask(admin.Rooms()) == [admin.RoomRow("lobby", 1, ""), admin.RoomRow("tea", 1, "")]
    assert desks.acts() == []


def test_a_kick(desks: Desks) -> None:
    """Is told with its reason, and noted."""
    dave, ann = desks.come("dave"), desks.come("ann")
    assert desks.ask(admin.Kick("Dave", "spam")) == [admin.Said("Dave was removed, from 1 connection")]
    assert dave.until("NOTICE")["text"] == "you were removed from this chat: spam"
    assert dave.bye() == "kicked"
    assert ann.until("LEFT")["reason"] == "kicked"
    assert desks.acts() == [("kick", "Dave", "spam")]
    (refused,) = desks.ask(admin.Kick("nobody"))
    assert isinstance(refused, admin.Refused)
    assert desks.acts() == [("kick", "Dave", "spam")]


def test_a_ban_of_a_name(desks: Desks) -> None:
    """For a time, with who did it and why; and its end."""
    dave = desks.come("dave")
    assert desks.ask(admin.BanSomebody("dave", 7200.0, "spam")) == [
        admin.Said("the name dave is banned for 2h")
    ]
    assert dave.bye() == "banned"
    desks.time.now += 60
    assert desks.ask(admin.ListBans()) == [admin.BanRow("name", "dave", 7140.0, "spam", ACTOR)]
    assert desks.server.snapshot().bans == 1
    assert desks.ask(admin.Unban("DAVE")) == [admin.Said("the name dave may come in again")]
    assert desks.ask(admin.ListBans()) == []
    assert desks.acts() == [("unban", "DAVE", ""), ("ban", "dave", "spam (for 2h)")]
    assert desks.server.snapshot().acts["ban"] == 1


def test_a_mute(desks: Desks) -> None:
    """Is told to whom it concerns, listed and noted; and its end. An address has no mouth."""
    dave, ann = desks.come("dave"), desks.come("ann")
    assert desks.ask(admin.MuteSomebody("Dave", 600.0, "spam")) == [
        admin.Said("the name Dave may only read, for 10m")
    ]
    assert dave.until("NOTICE")["text"] == "Dave may only read in this chat: spam"
    assert "NOTICE" not in {each["type"] for each in ann.fence()}
    assert desks.ask(admin.ListBans()) == [admin.BanRow("muted name", "Dave", 600.0, "spam", ACTOR)]
    (refused,) = desks.ask(admin.Unban("dave"))
    assert isinstance(refused, admin.Refused)
    assert desks.ask(admin.Unmute("DAVE")) == [admin.Said("DAVE may speak again")]
    (refused,) = desks.ask(admin.Unmute("dave"))
    assert refused == admin.Refused("dave is not muted; list who is with: bans")
    (refused,) = desks.ask(admin.MuteSomebody("192.0.2.7"))
    assert isinstance(refused, admin.Refused)
    assert desks.acts() == [("unmute", "DAVE", ""), ("mute", "Dave", "spam (for 10m)")]


def test_a_ban_of_an_address(desks: Desks) -> None:
    """Ends who is there from it, and turns others away; undone by the same word."""
    dave = desks.come("dave")
    assert desks.ask(admin.BanSomebody("127.0.0.0/24")) == [
        admin.Said("the address 127.0.0.0/24 is banned for ever")
    ]
    assert dave.bye() == "banned"
    with Peer(("127.0.0.1", desks.server.port)) as late:
        (bye,) = late.rest()
    assert (bye["reason"], "retry_after" in bye) == ("address_banned", False)
    assert desks.ask(admin.Unban("127.0.0.0/24")) == [
        admin.Said("the address 127.0.0.0/24 may come in again")
    ]
    desks.come("dave").fence()


def test_a_ban_of_an_account(start: Callable[..., Desks], tmp_path: Path) -> None:
    """Of the account, if there is one of that name."""
    desks = start(access="accounts", guests=True, journal=f"sqlite:{tmp_path}/chat.db")
    store = desks.server.hub.access.store
    assert store.add(Naming("dave", "dave", names.keys("dave")), "") is not None
    assert desks.ask(admin.BanSomebody("DAVE")) == [admin.Said("the account dave is banned for ever")]
    assert desks.ask(admin.Unban("dave")) == [admin.Said("the account dave may come in again")]


@pytest.mark.parametrize("who", ["", " ", "a b", "0.0.0.0/0", "10.0.0.1/8", ":", "x" * 99])
def test_nobody_is_banned_by_a_slip(desks: Desks, who: str) -> None:
    """It is refused, and not noted."""
    (refused,) = desks.ask(admin.BanSomebody(who))
    assert isinstance(refused, admin.Refused)
    assert (desks.ask(admin.ListBans()), desks.acts()) == ([], [])


def test_exempt_networks_are_spared(start: Callable[..., Desks]) -> None:
    """But for one address of them, with a warning."""
    desks = start(exempt_networks=values.PRIVATE)
    (refused,) = desks.ask(admin.BanSomebody("192.168.0.0/24"))
    assert isinstance(refused, admin.Refused)
    warned, said = desks.ask(admin.BanSomebody("192.168.0.7"))
    assert (isinstance(warned, admin.Warned), isinstance(said, admin.Said)) == (True, True)


def test_a_proxy_is_not_banned(start: Callable[..., Desks]) -> None:
    """Those are to be banned whose connections it passes on."""
    desks = start(proxies=(ipaddress.ip_network("192.0.2.7"),))
    (refused,) = desks.ask(admin.BanSomebody("192.0.2.7"))
    assert isinstance(refused, admin.Refused)
    assert "is a proxy" in refused.text


@pytest.mark.parametrize("who", ["nobody", "192.0.2.1", "0.0.0.0/0", ""])
def test_who_is_not_banned_cannot_be_let_in(desks: Desks, who: str) -> None:
    """It is said how to find who is."""
    (refused,) = desks.ask(admin.Unban(who))
    assert isinstance(refused, admin.Refused)
    assert desks.acts() == []


def test_a_notice(desks: Desks) -> None:
    """Reaches everybody who has a name."""
    dave = desks.come("dave")
    assert desks.ask(admin.Tell("we restart")) == [admin.Said("told to 1 connection")]
    assert dave.until("NOTICE")["text"] == "we restart"
    (refused,) = desks.ask(admin.Tell(" "))
    assert isinstance(refused, admin.Refused)
    assert desks.acts() == [("notice", "", "we restart")]


def test_a_drain(desks: Desks) -> None:
    """Keeps who is there, takes nobody new, and ends."""
    dave = desks.come("dave")
    desks.ask(admin.Drain())
    assert desks.server.health().draining
    with Peer(("127.0.0.1", desks.server.port)) as late:
        assert late.bye() == "draining"
    dave.fence()
    desks.ask(admin.Undrain())
    desks.come("ann").fence()
    assert [each[0] for each in desks.acts()] == ["undrain", "drain"]


def test_a_reload(desks: Desks) -> None:
    """Says what came of it."""
    assert desks.ask(admin.Reload()) == [admin.Said("read again")]
    assert desks.acts() == [("reload", "", "")]


def test_control_characters_are_taken_nowhere(desks: Desks) -> None:
    """A reason goes to people, logs and terminals."""
    for request in (admin.Kick("dave", "a\x1b[2J"), admin.Tell("a\nb"), admin.BanSomebody("d\x00")):
        (refused,) = desks.ask(request)
        assert isinstance(refused, admin.Refused)


def test_a_disk_that_fails(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The act is done, logged, and told to be not stored yet."""

    def fail(*_: object) -> None:
        raise StoreError("no room")

    moderation = desks.server.hub.access.store.moderation
    dave = desks.come("dave")
    with monkeypatch.context() as patch, capture_logs() as logs:
        for name in ("add_ban", "lift", "note"):
            patch.setattr(moderation, name, fail)
        warned, said = desks.ask(admin.BanSomebody("dave"))
        assert dave.bye() == "banned"
        again, freed = desks.ask(admin.Unban("dave"))
    for each in (warned, again):
        assert isinstance(each, admin.Warned)
        assert "not stored yet: no room" in each.text
    assert (isinstance(said, admin.Said), isinstance(freed, admin.Said)) == (True, True)
    assert {"act", "act_not_kept"} <= {each["event"] for each in logs}
