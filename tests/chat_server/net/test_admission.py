"""Who may connect: so many for an address at once, and in a minute; nobody pays for another."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.reasons import RejectReason
from chat_server import values
from chat_server.chat.bans import Bans
from chat_server.net.admission import NAMELESS_AT_LEAST, RETRY_SECONDS, Admission, AdmissionLimits
from chat_server.store.moderation import Ban
from chat_server.store.sqlite import SqliteStore
from tests.chat_server.net.support import Clock


def admission(clock: Clock, connections: int = 2, rate: int = 60, *exempt: str) -> Admission:
    """Return one with these limits."""
    networks = [ipaddress.ip_network(each) for each in exempt]
    return Admission(AdmissionLimits(10_000, connections, rate, networks), clock)


def waits(limits: Admission) -> float:
    """Return for how many seconds an address that opens too many is sent away."""
    refusal = limits.admit("192.0.2.1")
    assert refusal is not None
    assert refusal[0] is RejectReason.ADDRESS_RATE
    assert refusal[1] is not None
    return refusal[1]


def test_so_many_in_all(clock: Clock) -> None:
    """Whatever their address; who goes makes room."""
    limits = Admission(AdmissionLimits(2, 16, 60, values.PRIVATE), clock)
    assert [limits.admit(f"127.0.0.{number}") for number in (1, 2)] == [None, None]
    assert limits.admit("192.0.2.1") == (RejectReason.SERVER_FULL, RETRY_SECONDS)
    limits.release("127.0.0.1", named=False)
    assert limits.admit("192.0.2.1") is None


def test_so_many_without_a_name(clock: Clock) -> None:
    """A tenth, and some in any case; who gives a name makes room, and so does who goes without one."""
    limits = admission(clock, 1000, 1000, "127.0.0.0/8")
    assert [limits.admit("127.0.0.1") for _ in range(1000)] == [None] * 1000
    assert limits.admit("127.0.0.1") == (RejectReason.TOO_MANY_NAMELESS, RETRY_SECONDS)
    limits.name()
    assert limits.admit("127.0.0.1") is None
    limits.release("127.0.0.1", named=True)
    assert limits.admit("127.0.0.1") == (RejectReason.TOO_MANY_NAMELESS, RETRY_SECONDS)
    limits.release("127.0.0.1", named=False)
    assert limits.admit("127.0.0.1") is None
    few = Admission(AdmissionLimits(NAMELESS_AT_LEAST + 1, 1, 1, values.PRIVATE), clock)
    assert [few.admit("::1") for _ in range(NAMELESS_AT_LEAST)] == [None] * NAMELESS_AT_LEAST


def test_so_many_at_once(clock: Clock) -> None:
    """One more is refused until one has gone; another address has its own."""
    limits = admission(clock)
    assert [limits.admit("192.0.2.1") for _ in range(2)] == [None, None]
    assert limits.admit("192.0.2.1") == (RejectReason.ADDRESS_FULL, 60.0)
    assert limits.admit("192.0.2.2") is None
    limits.release("192.0.2.1", named=False)
    assert limits.admit("192.0.2.1") is None


def test_so_many_in_a_minute(clock: Clock) -> None:
    """All of them at once, then one for each second that goes by; it is told how long that takes."""
    limits = admission(clock, 1000, 60)
    assert [limits.admit("192.0.2.1") for _ in range(60)] == [None] * 60
    assert waits(limits) == pytest.approx(1.0)
    clock.now += 0.75
    assert waits(limits) == pytest.approx(0.25)
    clock.now += 0.25
    assert limits.admit("192.0.2.1") is None


def test_what_is_refused_costs_nothing(clock: Clock) -> None:
    """Trying again and again makes the wait no longer."""
    limits = admission(clock, 1000, 60)
    for _ in range(1000):
        limits.admit("192.0.2.1")
    clock.now += 1.0
    assert limits.admit("192.0.2.1") is None


def test_a_network_of_ipv6_is_one_address(clock: Clock) -> None:
    """Whoever has a /64 has all of it; the one beside it is somebody else's."""
    limits = admission(clock)
    assert [limits.admit(f"2001:db8::{number}") for number in (1, 2)] == [None, None]
    assert limits.admit("2001:db8::ffff:3") == (RejectReason.ADDRESS_FULL, 60.0)
    assert limits.admit("2001:db8:0:1::1") is None


@pytest.mark.parametrize("host", ["10.1.2.3", "::1", "fe80::1%eth0"])
def test_who_is_exempt(clock: Clock, host: str) -> None:
    """There is no limit, and nothing is remembered."""
    limits = admission(clock, 1, 1, "10.0.0.0/8", "::/64", "fe80::/10")
    assert [limits.admit(host) for _ in range(100)] == [None] * 100
    limits.release(host, named=False)
    assert limits.size == 0


def test_who_has_gone_is_forgotten(clock: Clock) -> None:
    """But not before a minute: else going and coming back would be a way round the limit."""
    limits = admission(clock, 2, 2)
    for _ in range(2):
        limits.admit("192.0.2.1")
        limits.release("192.0.2.1", named=False)
    clock.now += 1.0
    limits.sweep()
    assert waits(limits) == pytest.approx(29.0)
    clock.now += 61.0
    limits.sweep()
    assert limits.size == 0


def test_who_is_a_proxy(clock: Clock) -> None:
    """Whoever lies in a network that was named, and nobody by default."""
    networks = values.networks("192.0.2.0/28 2001:db8::/64")
    named = Admission(AdmissionLimits(10, 1, 1, (), networks), clock)
    assert [*map(named.is_proxy, ("192.0.2.1", "2001:db8::9"))] == [True, True]
    assert [*map(named.is_proxy, ("192.0.2.16", "2001:db8:0:1::9", "127.0.0.1"))] == [False] * 3
    assert not admission(clock).is_proxy("127.0.0.1")


def test_an_address_may_be_told_later(clock: Clock) -> None:
    """Until then it counts for nobody; if it is refused, or never told, nothing is left of it."""
    limits = admission(clock, 1)
    assert [limits.admit(None) for _ in range(3)] == [None] * 3
    assert limits.size == 0
    assert limits.charge("192.0.2.1") is None
    assert limits.charge("192.0.2.1") == (RejectReason.ADDRESS_FULL, 60.0)
    assert limits.charge("192.0.2.2") is None
    limits.release(None, named=False)
    assert limits.charge("192.0.2.1") == (RejectReason.ADDRESS_FULL, 60.0)
    limits.release("192.0.2.1", named=False)
    assert limits.charge("192.0.2.1") is None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.floats(0, 5)), max_size=200))
def test_no_order_of_coming_and_going_breaks_the_limits(steps: list[tuple[bool, int, float]]) -> None:
    """Never more than so many at once, nor more in any minute than the burst and what a minute adds."""
    clock = Clock()
    limits = admission(clock, 3, 10)
    here = [0] * 4
    came: list[list[float]] = [[] for _ in here]
    for coming, who, pause in steps:
        clock.now += pause
        if coming and limits.admit(f"192.0.2.{who}") is None:
            here[who] += 1
            came[who].append(clock.now)
        elif not coming and here[who]:
            here[who] -= 1
            limits.release(f"192.0.2.{who}", named=False)
        assert here[who] <= 3
        assert len([at for at in came[who] if at > clock.now - 60]) <= 20
        limits.sweep()


def test_a_banned_address_is_turned_away(clock: Clock) -> None:
    """Before anything is counted; it is said when the ban ends, if it does."""
    store = SqliteStore(None, clock)
    bans = Bans(store.moderation)
    limits = Admission(AdmissionLimits(1, 1, 1, values.PRIVATE), clock, bans)
    bans.add(Ban("", "address", "192.0.2.0/24", "192.0.2.0/24", clock.now + 60))
    bans.add(Ban("", "address", "127.0.0.1/32", "127.0.0.1"))
    assert limits.admit("192.0.2.7") == (RejectReason.ADDRESS_BANNED, 60.0)
    assert limits.admit("127.0.0.1") == (RejectReason.ADDRESS_BANNED, None)
    assert limits.size == 0
    assert limits.admit(None) is None  # whom a proxy passes on is known later
    assert limits.charge("192.0.2.7") == (RejectReason.ADDRESS_BANNED, 60.0)
    limits.release(None, named=False)
    clock.now += 60
    assert limits.admit("192.0.2.7") is None


def test_nobody_new_while_it_drains(clock: Clock) -> None:
    """Exempt or not; those who go are counted as ever, and afterwards others come in."""
    limits = admission(clock, 2, 60, "127.0.0.0/8")
    assert limits.admit("192.0.2.1") is None
    limits.draining = True
    for host in ("192.0.2.1", "127.0.0.1"):
        assert limits.admit(host) == (RejectReason.DRAINING, RETRY_SECONDS)
    limits.release("192.0.2.1", named=False)
    limits.draining = False
    assert limits.admit("192.0.2.1") is None
