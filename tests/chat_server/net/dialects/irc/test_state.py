"""What one connection has asked, and what becomes of the answers."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from chat_protocol.messages import List, Msg, Ping, Pong, RegName, Who
from chat_protocol.server_messages import Ack, ErrorFrame, Rooms, Users, Welcome
from chat_server.net.dialects.irc.state import BEHIND_AT_MOST, State, nothing, unsaid
from chat_server.net.dialects.irc.tables import form_of
from tests.chat_server.net.dialects.irc.support import settings


@dataclass
class Own:
    """What some part keeps."""

    seen: list[str] = field(default_factory=list)


def state(*caps: str) -> State:
    """Return the state of somebody with these capabilities, who has a name."""
    made = State(settings(), form_of(frozenset()), threading.Lock())
    made.caps = frozenset(caps)
    made.name = "ann"
    return made


def shown(word: str) -> bytes:
    """Return a line."""
    return f":server.chat X :{word}\r\n".encode()


def test_answers_find_what_was_asked() -> None:
    """By their refs, once."""
    one = state()
    one.ask(List(), lambda _, rooms: [shown(str(rooms.total))])
    one.ask(Who("tea"), nothing, unsaid)
    assert [each.ref for each in one.heard if isinstance(each, List | Who)] == ["1", "2"]
    assert one.answered(Rooms([], 3, "1")) == [shown("3")]
    assert one.answered(Rooms([], 3, "1")) is None
    assert one.answered(ErrorFrame("not_a_member", "no", "2")) == ()
    assert one.answered(Ping("2")) is None


def test_some_have_two_answers() -> None:
    """Of which an error is the last."""
    one = state()
    for _ in range(2):
        one.ask(List(), lambda _, rooms: [shown(str(rooms.total))]).answers = 2
    assert one.answered(Rooms([], 1, "1")) == [shown("1")]
    assert one.answered(Rooms([], 2, "1")) == [shown("2")]
    assert one.answered(Rooms([], 3, "1")) is None
    assert one.answered(ErrorFrame("unavailable", "no", "2")) == [b":server.chat NOTICE ann :no\r\n"]
    assert one.answered(Rooms([], 3, "2")) is None


def test_all_that_answers_a_label_comes_together() -> None:
    """As one line, a batch, a batch that it is already, or nothing but the label."""
    one = state("labeled-response", "batch")

    def label(name: str, *asked: Sequence[bytes]) -> Sequence[bytes]:
        one.begin("X", name)
        refs = []
        for each in asked:
            one.ask(List(), lambda _, __, each=each: each)  # type: ignore[misc]  # bound to this one
            refs.append(one._refs)  # noqa: SLF001  # nothing else tells
        one.end()
        lines = [one.answered(Rooms([], 0, str(ref))) or () for ref in refs]
        if not refs:
            ping = one.heard[-1]
            assert isinstance(ping, Ping)
            lines = [one.answered(Pong(ping.ref)) or ()]
        assert not any(lines[:-1])
        return lines[-1]

    assert label("a", [shown("1")]) == [b"@label=a " + shown("1")]
    assert label("b") == [b"@label=b :server.chat ACK\r\n"]
    assert label("c", [], []) == [b"@label=c :server.chat ACK\r\n"]
    both = label("d", [shown("1")], [shown("2")])
    assert both[0] == b"@label=d :server.chat BATCH +b1 :labeled-response\r\n"
    assert both[1:] == [
        b"@batch=b1 " + shown("1"),
        b"@batch=b1 " + shown("2"),
        b":server.chat BATCH :-b1\r\n",
    ]
    whole = one.batch("chathistory", [shown("1")], "#tea")
    assert label("e", whole)[0] == b"@label=e :server.chat BATCH +b2 chathistory :#tea\r\n"
    two = [*one.batch("x", []), *one.batch("x", [])]
    assert label("f", two)[0].endswith(b" :labeled-response\r\n")


def test_the_name_is_answered_without_a_ref() -> None:
    """By a welcome or an error, once; before the next line one is somebody."""
    one = state()
    one.name = ""
    one.register(RegName("bob"), lambda state, _: [shown(state.nick)], unsaid)
    assert one.enters
    assert one.answered(Welcome("bob", "s", [], "e", account=True)) == [shown("bob")]
    assert (one.name, one.account, one.enters) == ("bob", True, False)
    assert one.answered(ErrorFrame("no_type", "no")) is None


def test_a_fence_waits_for_what_is_stored() -> None:
    """In whichever order that is; and it holds nothing else up."""
    one = state()
    for text in ("a", "b"):
        one.ask(Msg(text), lambda _, ack: [shown(str(ack.id))], stored=True)
    one.fence(lambda _: [shown("fence")])
    one.later(lambda _: [shown("later")])
    assert one.answered(Pong("3")) == ()
    assert one.answered(Pong("4")) == [shown("later")]
    assert one.answered(Ack("2", 2, 1.5)) == [shown("2")]
    assert one.answered(Ack("1", 1, 1.5)) == [shown("1"), shown("fence")]


def test_no_more_than_so_many_wait_for_what_is_stored() -> None:
    """While nothing can be stored a client may ask on: the first are answered then, in their order."""
    one = state()
    one.ask(Msg("a"), nothing, stored=True)
    got: list[bytes] = []
    for number in range(2, BEHIND_AT_MOST + 4):
        one.fence(lambda _, number=number: [shown(str(number))])  # type: ignore[misc]  # bound to this one
        got.extend(one.answered(Pong(str(number))) or ())
    assert got == [shown("2"), shown("3")]
    last = one.answered(Ack("1", 1, 1.5))
    assert last == [shown(str(number)) for number in range(4, BEHIND_AT_MOST + 4)]


def test_parts_keep_what_is_their_own() -> None:
    """Made when it is first asked for."""
    one, other = state(), state()
    one.part(Own).seen.append("x")
    assert one.part(Own).seen == ["x"]
    assert other.part(Own).seen == []


def test_users_of_nobody_are_not_shown() -> None:
    """What answers nothing is told by what the dialect knows of it, if anything."""
    assert state().answered(Users("tea", [], 0, "9")) is None
