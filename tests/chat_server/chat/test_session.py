"""What is known of a stay."""

from chat_protocol.reasons import CloseReason
from chat_server.chat.session import FLOOD_BYTES, SESSION_BYTES, guest, look_for_flood, weight
from chat_server.chat.tokens import session_id
from chat_server.journal.ledger import Ledger
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import REFUSED, Nowhere


def test_a_session_is_known_by_its_token_s_id() -> None:
    """Two of one token are of one stay, whoever they say they are."""
    assert guest("token", "ann").id == session_id("token") == guest("token", "bob").id


def test_a_session_without_a_connection_refuses() -> None:
    """Nothing is sent, nobody waits, and to end it is no error."""
    nowhere = guest("token", "ann").outbox
    assert isinstance(nowhere, Nowhere)
    assert nowhere.push(Frames(b"x")) == nowhere.push(Frames(b"x"), droppable=True) == REFUSED
    assert nowhere.wait_below(1, 60) is False
    nowhere.end(CloseReason.EXIT)


def test_who_says_much_in_a_second_floods() -> None:
    """Until a second has passed since the count began; then it begins anew."""
    session = guest("token", "ann")
    floods = []
    for now in (10.0, 10.9, 10.95, 11.0, 12.1):
        session.said_bytes += FLOOD_BYTES + 1
        look_for_flood(session, now)
        floods.append((session.floods, session.said_bytes > 0))
    assert floods == [(False, False), (True, True), (True, True), (False, False), (False, False)]


def test_weight() -> None:
    """It grows with what was published with refs, as memory does."""
    session = guest("token", "ann")
    assert weight(session) == SESSION_BYTES
    session.ledger = Ledger(1000, {str(number).zfill(60): ("lobby", number, 1.0) for number in range(100)})
    assert weight(session) == SESSION_BYTES + session.ledger.weight > SESSION_BYTES
