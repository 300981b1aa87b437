"""Who is banned from the whole chat."""

import ipaddress
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.errors import BannedError
from chat_server import values
from chat_server.chat import bans as module
from chat_server.chat import names
from chat_server.chat.bans import BadTargetError, Bans, network, told, user
from chat_server.chat.identity import Identity
from chat_server.errors import StoreError
from chat_server.store.base import Account
from chat_server.store.moderation import FOR_EVER, Ban
from chat_server.store.sqlite import SqliteStore
from tests.support.world import Clock


def made(clock: Clock | None = None, path: Path | None = None) -> tuple[Bans, SqliteStore]:
    """Return bans, and the store that they are kept in."""
    store = SqliteStore(path, clock or Clock())
    return Bans(store.moderation), store


def by_name(name: str, until: float = FOR_EVER, reason: str = "") -> Ban:
    """Return a ban of a name."""
    return Ban("", "name", names.key(name), name, until, reason)


def by_address(text: str, until: float = FOR_EVER) -> Ban:
    """Return a ban of an address or a network."""
    return Ban("", "address", str(ipaddress.ip_network(text)), text, until)


def test_a_name_and_what_looks_like_it() -> None:
    """In whatever spelling, and nobody else."""
    bans, _ = made()
    bans.add(by_name("Dave"))
    for name in ("dave", "DAVE", "d\u0430ve", "\uff44ave"):
        assert bans.of_name(name) is not None, name
    for name in ("dav", "davey", "ann"):
        assert bans.of_name(name) is None, name


def test_what_looks_like_it_in_capitals() -> None:
    """A digit for a capital letter is no way round a ban of small ones."""
    bans, _ = made()
    bans.add(by_name("evil"))
    for name in ("EV1L", "EVlL", "evil"):
        assert bans.of_name(name) is not None, name
    assert bans.of_name("owl") is None


@pytest.mark.parametrize(
    ("banned", "inside", "outside"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
        ("2001:db8::/64", "2001:db8::ffff", "2001:db8:0:1::1"),
        ("fe80::1", "fe80::1%eth0", "fe80::2%eth0"),
    ],
)
def test_an_address_and_a_network(banned: str, inside: str, outside: str) -> None:
    """Of both versions; the zone of an address is none of it."""
    bans, _ = made()
    bans.add(by_address(banned))
    assert bans.of_address(inside) is not None
    assert bans.of_address(outside) is None
    assert bans.of_address("198.51.100.1") is None


@given(st.lists(st.ip_addresses(v=4), max_size=8), st.ip_addresses(v=4), st.integers(8, 32))
def test_an_address_is_found_as_if_each_ban_were_asked(
    banned: list[ipaddress.IPv4Address], asked: ipaddress.IPv4Address, bits: int
) -> None:
    """By the length of its prefixes, however many there are."""
    bans, _ = made()
    networks = [
        ipaddress.ip_network((each, bits if at % 2 else 24), strict=False) for at, each in enumerate(banned)
    ]
    for each in networks:
        bans.add(by_address(str(each)))
    assert (bans.of_address(str(asked)) is not None) is any(asked in each for each in networks)


def test_an_account() -> None:
    """Whatever it is called; a guest has none."""
    bans, _ = made()
    bans.add(Ban("", "account", "7", "dave"))
    account = Account(7, "dave", "", operator=False, disabled=False, version=1)
    assert bans.of_account(7) is not None
    assert bans.of_account(8) is None
    assert bans.of_identity(Identity("1", "dave", account)) is not None
    assert bans.of_identity(Identity("1", "dave")) is None


def test_a_ban_ends() -> None:
    """By the clock alone; of two the longer one counts, and those that are over are listed no more."""
    clock = Clock()
    bans, _ = made(clock)
    bans.add(by_name("dave", clock.now + 60))
    bans.add(by_name("d\u0430ve", clock.now + 90))
    longer = bans.of_name("dave")
    assert longer is not None
    assert bans.left(longer) == 90
    clock.now += 60
    assert [each.shown for each in bans.in_force()] == ["d\u0430ve"]
    clock.now += 30
    assert bans.of_name("dave") is None
    assert not bans.lift("name", "dave")


def test_another_ban_for_the_same_takes_its_place() -> None:
    """A shorter one too; and lifting it lets them in."""
    clock = Clock()
    bans, store = made(clock)
    bans.add(by_name("dave"))
    bans.add(by_name("dave", clock.now + 60))
    assert [each.until for each in bans.in_force()] == [clock.now + 60]
    assert bans.lift("name", "dave")
    assert bans.of_name("dave") is None
    assert store.moderation.bans() == []


def test_it_is_refused_with_reason_and_end() -> None:
    """Whoever has no ban is not."""
    clock = Clock()
    bans, _ = made(clock)
    bans.refuse(None)
    with pytest.raises(BannedError, match="dave is banned from this chat: spam") as refused:
        bans.refuse(by_name("dave", clock.now + 60, "spam"))
    assert refused.value.retry_after == 60
    with pytest.raises(BannedError) as refused:
        bans.refuse(by_name("dave"))
    assert refused.value.retry_after is None
    assert told(by_name("dave")) == "dave is banned from this chat"


def test_it_holds_over_a_restart_and_for_other_processes(tmp_path: Path) -> None:
    """Those of rooms, and mutes, are no business of it; what makes no sense bans nobody."""
    bans, store = made(path=tmp_path / "store")
    bans.add(by_name("dave"))
    later, other = made(path=tmp_path / "store")
    assert later.of_name("dave") is not None
    for ban in (
        Ban("tea", "name", "ann", "ann"),
        Ban("", "mute", "bob", "bob"),
        Ban("", "address", "", ""),
        Ban("", "address", "everything", "everything"),
        Ban("", "name", "", ""),
    ):
        other.moderation.add_ban(ban)
    told_ = []
    bans.follow(lambda: told_.append(1))
    bans.refresh()
    assert told_ == [1]
    assert [bans.of_name(name) for name in ("ann", "bob", "")] == [None, None, None]
    assert bans.of_address("192.0.2.1") is None
    assert bans.of_name("dave") is not None
    store.close()
    other.close()


def test_a_disk_that_fails_keeps_no_ban_from_being_in_force(tmp_path: Path) -> None:
    """It is stored when the disk is well again, and no look at the store takes it back meanwhile."""
    bans, store = made(path=tmp_path / "store")
    bans.add(by_name("ann"))
    store.file.connection.execute("PRAGMA busy_timeout = 1")  # a test does not wait for 2 s
    with sqlite3.connect(tmp_path / "store", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError):
            bans.add(by_name("dave"))
        with pytest.raises(StoreError):
            bans.lift("name", "ann")
        with pytest.raises(StoreError):
            bans.save()
        bans.refresh()
        assert [each.shown for each in bans.in_force()] == ["dave"]
        other.execute("ROLLBACK")
    other.close()
    bans.save()
    assert [each.shown for each in store.moderation.bans()] == ["dave"]
    store.close()


def test_whoever_asks_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even while a ban is being written; and it is in force before it is."""
    bans, store = made()
    seen = []

    def write(ban: Ban) -> None:
        asking = threading.Thread(target=lambda: seen.append(bans.of_name(ban.shown)), name="asking")
        asking.start()
        asking.join(10)

    monkeypatch.setattr(store.moderation, "add_ban", write)
    bans.add(by_name("dave"))
    assert [each.shown for each in seen if each is not None] == ["dave"]


def test_a_follower_that_fails_costs_no_other() -> None:
    """Each is told of the ban."""
    bans, _ = made()
    calls = []

    def fail() -> None:
        calls.append("first")
        raise ValueError

    bans.follow(fail)
    bans.follow(lambda: calls.append("second"))
    bans.add(by_name("dave"))
    assert calls == ["first", "second"]


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("", "nobody is named"),
        ("  ", "nobody is named"),
        ("0.0.0.0/0", "wider than a /8"),
        ("10.0.0.0/7", "wider than a /8"),
        ("::/0", "wider than a /16"),
        ("2000::/12", "wider than a /16"),
        ("192.0.2.5/24", "give 192.0.2.0/24"),
        ("192.0.2.0/33", "no address and no network"),
        ("192.0.2.0/", "no address and no network"),
        ("a:b", "no address and no network"),
        ("::ffff:192.0.2.1", "give 192.0.2.1"),
        ("10.1.0.0/16", "overlaps 10.0.0.0/8"),
        ("fd00::/16", "overlaps fc00::/7"),
    ],
)
def test_nobody_is_banned_by_a_slip(who: str, said: str) -> None:
    """What is empty, malformed or too wide is refused, with what to give instead."""
    with pytest.raises(BadTargetError, match=said):
        network(who, values.PRIVATE)


def test_a_network_that_is_meant() -> None:
    """An exempt address may be banned alone, with a warning; of IPv6 a host may have more than one."""
    assert network("192.0.2.0/24", values.PRIVATE) == (ipaddress.ip_network("192.0.2.0/24"), "")
    assert network("192.0.2.7", values.PRIVATE)[1] == ""
    found, warning = network("10.0.0.7", values.PRIVATE)
    assert (found, "10.0.0.0/8 is in exempt_networks" in warning) == (ipaddress.ip_network("10.0.0.7"), True)
    assert "2001:db8::/64" in network("2001:db8::1", ())[1]
    assert network("2001:db8::/64", ())[1] == ""
    assert network("dave", ()) == (None, "")
    assert network("10", ()) == (None, "")


def test_a_name_that_is_meant() -> None:
    """As it would be shown; what nobody can be called is refused."""
    assert user(" dave ", 32) == "dave"
    with pytest.raises(BadTargetError, match="a b cannot be a name"):
        user("a b", 32)


def test_a_mute() -> None:
    """Holds an account, or a name and what looks like it, until its end; it is no ban."""
    clock = Clock()
    bans, store = made(clock)
    gus, ann = (
        Identity("1", "gus"),
        Identity("2", "ann", Account(7, "ann", "", operator=False, disabled=False, version=1)),
    )
    assert (bans.has_mutes, bans.mute_of(gus)) == (False, None)
    bans.add(Ban("", module.MUTED_NAME, "gus", "gus", clock.now + 60, "spam"))
    bans.add(Ban("", module.MUTED_ACCOUNT, "7", "ann"))
    assert [told(each) for each in bans.in_force()] == [
        "gus may only read in this chat: spam",
        "ann may only read in this chat",
    ]
    for name in ("gus", "GUS", "gu\u0455"):
        assert bans.mute_of(Identity("3", name)) is not None, name
    assert bans.mute_of(ann) is not None
    assert bans.mute_of(Identity("4", "ann")) is None
    assert (
        bans.mute_of(Identity("5", "ann", Account(8, "ann", "", operator=False, disabled=False, version=1)))
        is None
    )
    assert bans.of_name("gus") is bans.of_account(7) is bans.of_identity(ann) is None
    again = Bans(store.moderation)
    assert again.mute_of(gus) is not None
    clock.now += 61
    assert bans.mute_of(gus) is None
    assert bans.lift(module.MUTED_ACCOUNT, "7")
    assert (bans.has_mutes, bans.mute_of(ann)) == (True, None)
