"""Which session a token opens."""

from collections.abc import Mapping

import pytest

from chat_protocol.errors import UnavailableError
from chat_protocol.messages import REFS_AT_MOST, RegName
from chat_server.chat.directory import LocalDirectory
from chat_server.chat.registry import Registry
from chat_server.chat.resumption import Resumption
from chat_server.chat.session import guest
from chat_server.chat.tokens import new_token
from chat_server.journal.base import Placed
from tests.support.world import FragileJournal, World


def made(world: World) -> tuple[Registry, Resumption]:
    """Return both, in that world."""
    registry = Registry(world.limits, world.clock, LocalDirectory(world.clock))
    return registry, Resumption(registry, world.shared, world.limits.session_ttl)


def test_a_token_of_this_run() -> None:
    """Opens its session while that is known, and no other."""
    world = World()
    registry, resumption = made(world)
    session = resumption.begin("ann")
    registry.give_name(session, "ann")
    registry.depart(session, final=False)
    for token, epoch in ((None, None), ("x", None), (new_token(b"other"), None), (session.token, "other")):
        assert resumption.claim(RegName("ann", token, None, epoch)) is None
    assert resumption.claim(RegName("ann", session.token, None, world.journal.epoch)) is session
    registry.depart(session, final=True)
    assert resumption.claim(RegName("ann", session.token)) is None


def test_a_token_of_the_run_before_is_good_once_and_for_a_time() -> None:
    """The session gets another token; forgotten, it is not revived again."""
    world = World()
    token = made(world)[1].begin("ann").token
    later = world.restarted()
    registry, resumption = made(later)
    session = resumption.claim(RegName("ann", token))
    assert session is not None
    assert session.token != token
    assert session.id == guest(token, "").id
    registry.depart(session, final=True)
    assert resumption.claim(RegName("ann", token)) is None
    later.clock.now += later.limits.session_ttl + 1
    resumption.expire()
    assert resumption.claim(RegName("ann", token)) is None


def test_what_an_earlier_run_knew_is_bounded() -> None:
    """The newest refs, half of the bound: so much may be unacknowledged, and there is room for more."""
    world = World(FragileJournal())
    token = made(world)[1].begin("ann").token
    session_id = guest(token, "").id
    known = {str(number): ("lobby", number, 1.0) for number in range(REFS_AT_MOST // 2 + 10)}
    assert isinstance(world.journal, FragileJournal)
    world.journal.known_refs[session_id] = known
    session = made(world.restarted())[1].claim(RegName("ann", token))
    assert session is not None
    assert session.ledger is not None
    assert [ref for ref, _ in session.ledger.find(known)] == list(known)[10:]


def test_two_who_come_at_once_with_one_token() -> None:
    """One of them is told to try again: then it takes over from the other, as always."""
    world = World(FragileJournal())
    token = made(world)[1].begin("ann").token
    later = world.restarted()
    registry, resumption = made(later)
    known = later.journal.known

    def come_meanwhile(session: str) -> Mapping[str, Placed]:
        later.journal.known = known  # type: ignore[method-assign]  # for the other
        assert resumption.claim(RegName("ann", token)) is not None
        return known(session)

    later.journal.known = come_meanwhile  # type: ignore[method-assign]  # the other is faster
    with pytest.raises(UnavailableError, match="try again"):
        resumption.claim(RegName("ann", token))
    assert len(registry.sessions) == 1
