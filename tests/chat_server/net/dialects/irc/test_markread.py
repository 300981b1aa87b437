"""MARKREAD: how far one has read."""

from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.messages import Msg
from chat_protocol.reading_messages import Read
from chat_server.net.dialects.irc.markread import MARKS_AT_MOST, Marks
from tests.chat_server.chat.test_people import PASSWORD, world
from tests.chat_server.chat.test_people import come as come_natively
from tests.support.irc_world import come, shown
from tests.support.world import World

CAP = "draft/read-marker"
FIRST, SECOND = "timestamp=2026-09-21T14:13:20.000Z", "timestamp=2026-09-21T14:13:21.000Z"


def test_a_mark_is_kept_and_never_goes_back() -> None:
    """As it was written, for a guest and for what nobody has said."""
    ann = come(World(), "ann", CAP)
    assert shown(ann.told("MARKREAD #tea")) == [("MARKREAD", "#tea", "*")]
    ann.send("JOIN #tea")
    assert shown(ann.told(f"MARKREAD #tea {SECOND}")) == [("MARKREAD", "#tea", SECOND)]
    assert shown(ann.told(f"MARKREAD #TEA {FIRST}")) == [("MARKREAD", "#TEA", SECOND)]
    assert shown(ann.told("MARKREAD #tea", "MARKREAD bob")) == [
        ("MARKREAD", "#tea", SECOND),
        ("MARKREAD", "bob", "*"),
    ]
    assert shown(ann.told(f"MARKREAD bob {FIRST}", "MARKREAD BOB")) == [
        ("MARKREAD", "bob", FIRST),
        ("MARKREAD", "BOB", FIRST),
    ]


def test_it_is_told_on_joining() -> None:
    """Before the end of the names, to a client that can take it."""
    chat = World()
    ann, bob = come(chat, "ann", CAP), come(chat, "bob")
    ann.send(f"MARKREAD #tea {FIRST}")
    lines = shown(ann.told("JOIN #tea"))
    assert [each[0] for each in lines] == ["JOIN", "MARKREAD", "353", "366"]
    assert lines[1] == ("MARKREAD", "#tea", FIRST)
    assert "MARKREAD" not in [each[0] for each in shown(bob.told("JOIN #tea"))]


def test_an_account_keeps_it() -> None:
    """On all its connections, of whatever kind, and for the next."""
    chat = world("ann")
    gus = chat.client("gus", "tea")
    one, other = come(chat, "ann", CAP, account=PASSWORD), come(chat, "ann", CAP, account=PASSWORD)
    native = come_natively(chat, "ann")
    for client in (one, other):
        client.send("JOIN #tea")
    gus.send(Msg("one", "tea"))
    chat.time.now += 1.0
    gus.send(Msg("two", "tea"))
    for client in (one, other):
        client.taken()
    one.send(f"MARKREAD #tea {FIRST}", "PING x")
    assert one.conversation.session.identity.positions["tea"] == 1
    assert shown(other.told()) == [("MARKREAD", "#tea", FIRST)]
    native.send(Read(2, "lobby"))
    other.send(f"MARKREAD #tea {SECOND}", "PING x")
    assert shown(one.told()) == [("MARKREAD", "#tea", SECOND)]
    later = come(chat, "ann", CAP, account=PASSWORD)
    lines = shown(later.told("JOIN #tea", "PING x", "PING y"))
    assert lines[-2] == ("MARKREAD", "#tea", SECOND) or ("MARKREAD", "#tea", SECOND) in lines


def test_what_makes_no_sense() -> None:
    """Each has its code."""
    ann = come(World(), "ann", CAP, "standard-replies")
    assert shown(ann.told("MARKREAD"))[0][:3] == ("FAIL", "MARKREAD", "NEED_MORE_PARAMS")
    for written in ("*", "timestamp=yesterday", "msgid=tea/1"):
        assert shown(ann.told(f"MARKREAD #tea {written}"))[0][:3] == ("FAIL", "MARKREAD", "INVALID_PARAMS")


@given(st.lists(st.tuples(st.integers(0, 400).map(str), st.floats(0, 1e9))))
def test_marks_never_go_back(moves: list[tuple[str, float]]) -> None:
    """And so many are remembered."""
    marks = Marks()
    for key, ts in moves:
        before = marks.get(key)
        assert marks.move(key, ts) == max(ts, before if before is not None else ts)
    assert len(marks.read) <= MARKS_AT_MOST
