"""The dialect as a connection sees it: bytes in, messages out, and back."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_protocol.codec import client_decoder, encode_lines
from chat_protocol.errors import PeerError
from chat_protocol.messages import Exit, Msg, Ping, Pong
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import Ack, MsgFrame, Welcome
from chat_server.errors import JournalError
from chat_server.net.dialects.irc.dialect import ENDLESS_BYTES, Irc
from chat_server.stream.frames import Rendered
from tests.chat_server.net.dialects.irc.support import Talk, commands, settings
from tests.support.irc_world import come
from tests.support.world import FragileJournal, World

LINES = b"NICK ann\r\nUSER a 0 * :Ann\nPRIVMSG #tea :hi\r\n\r\n  \nQUIT"
NOT_UTF8 = "this server speaks UTF-8 alone; have your client do so"


def dialect() -> Irc:
    """Return one connection's dialect."""
    return Irc(settings(), threading.Lock())


def test_lines_come_in_whatever_pieces() -> None:
    """All at once, byte by byte, with an end or without."""
    whole, bytewise = dialect(), dialect()
    heard = [*whole.feed(LINES), *whole.finish()]
    assert heard == [
        *[each for byte in LINES for each in bytewise.feed(bytes([byte]))],
        *bytewise.finish(),
    ]
    assert isinstance(heard[-2], Msg)
    assert heard[-1] == Exit()


def test_what_is_no_irc_is_told() -> None:
    """As of all ports."""
    assert dialect().mistaken(b"GET / HTTP/1.1\r\n") is CloseReason.HTTP_REQUEST
    assert dialect().mistaken(b"NICK ann\r\n") is None
    assert dialect().greeting() == b""


def test_it_ends_with_an_error() -> None:
    """With the reason, and when to come back."""
    assert dialect().farewell(CloseReason.EXIT) == b"ERROR :goodbye\r\n"
    assert b"REG_NAME" not in dialect().farewell(CloseReason.REGISTER_TIMEOUT)
    assert dialect().farewell(CloseReason.BANNED, 1.5).endswith(b"; try again in 1.5 s\r\n")


def test_a_cut_ends_a_line() -> None:
    """That has begun."""
    assert dialect().rest(b"one\r\ntwo\r\nthree\r\n", 7) == b"o\r\n"
    assert dialect().rest(b"one\r\ntwo\r\n", 5) == b""


def test_a_line_has_its_bounds() -> None:
    """512 bytes with its end, and 4,096 of tags; what is longer is told, and the next is taken."""
    talk = Talk()
    talk.welcome()
    good = "PING " + "x" * 505
    tags = "@+a=" + "x" * 4091
    assert commands(talk.say(good, good + "x", f"{tags} {good}", f"{tags}x PING y", f"{tags} {good}x")) == [
        *("PONG", "417", "PONG", "417", "417")
    ]
    assert commands(talk.say("x" * 10_000, "PING y")) == ["417", "PONG"]


def test_an_endless_line_is_given_up() -> None:
    """Nothing of it is kept."""
    irc = dialect()
    for _ in range(ENDLESS_BYTES // 1000 + 10):
        irc.feed(b"x" * 1000)
    assert irc.over is CloseReason.LINE_TOO_LONG
    assert dialect().over is None


def test_only_utf8_is_taken() -> None:
    """And the command is named in what is told; the sign for what is broken may itself be said."""
    talk = Talk()
    talk.welcome("ann", "labeled-response")
    assert talk.take(talk.irc.feed(b"@label=x PRIVMSG #tea :\xaa\r\n")) == [
        f"@label=x :server.chat FAIL PRIVMSG INVALID_UTF8 :{NOT_UTF8}"
    ]
    assert talk.asked() == []
    talk.say("PRIVMSG #tea :\ufffd")
    assert len(talk.asked()) == 1


def test_unknown_commands_are_told() -> None:
    """With the label, if there is one."""
    talk = Talk()
    talk.welcome("ann", "labeled-response")
    assert talk.say("@label=x FOO bar") == [
        "@label=x :server.chat 421 ann FOO :no such command; HELP lists them"
    ]
    assert talk.say("@label=y PONG") == ["@label=y :server.chat ACK"]
    assert talk.say("@label= PONG") == []


def test_what_is_shared_is_one_object() -> None:
    """For all who have the same form: no copy is made for each of them."""
    talk, other = Talk(), Talk()
    talk.welcome()
    other.welcome("bob")
    assert talk.irc.render is other.irc.render
    assert talk.irc.render is not None
    rendered = talk.irc.render(encode_lines([MsgFrame("tea", 1, 1.5, "cat", "hi")]))
    assert talk.irc.complete(rendered) is other.irc.complete(rendered)


@pytest.mark.parametrize("frames", [[Pong("99")], [Pong()], [Welcome("x", "s", [], "e")]])
def test_what_answers_nothing_is_passed_over(frames: list[Pong | Welcome]) -> None:
    """Whatever the server says."""
    talk = Talk()
    talk.welcome()
    assert talk.hear(*frames) == []


@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from(LINES.split(b"\n")))))
def test_anything_can_be_fed(pieces: list[bytes]) -> None:
    """And what comes of it is what a client may say natively."""
    irc = dialect()
    decoder = client_decoder(1 << 20)
    refs = set()
    for piece in (*pieces, b"\n"):
        for each in irc.feed(piece):
            assert not isinstance(each, PeerError)
            assert decoder.decode(encode_lines([each])) == [each]
            if isinstance(each, Ping):
                assert each.ref not in refs
                refs.add(each.ref)
                assert irc.render is not None
                shown = irc.complete(irc.render(encode_lines([Pong(each.ref)])))
                assert all(len(line) <= 510 for line in shown.split(b"\r\n"))


def _failing(lines: bytes) -> Rendered:
    raise ValueError(lines)


def test_a_fault_in_showing_costs_those_who_are_shown_it_so() -> None:
    """All others are told, whoever comes first; the room goes on."""
    chat = World()
    ann, bob = come(chat, "ann"), come(chat, "bob", "server-time")
    for client in (ann, bob):
        client.send("JOIN #tea")
    dave = chat.client("dave", "tea")
    ann.taken()
    bob.taken()
    ann.dialect.render = _failing
    for text in ("one", "two"):
        dave.send(Msg(text, "tea", ref=text))
    assert {*ann.outbox.ended} == {"internal_error"}
    assert [each.rpartition(":")[2] for each in bob.taken()] == ["one", "two"]
    assert len(dave.outbox.of(Ack)) == 2
    assert (bob.outbox.ended, dave.outbox.ended) == ([], [])


def test_nothing_is_shown_before_it_is_stored() -> None:
    """While nothing can be, a line is refused; what was under way is shown once it is stored, in order."""
    journal = FragileJournal()
    chat = World(journal)
    ann = come(chat, "ann", "echo-message")
    ann.send("JOIN #tea")
    journal.broken = True
    assert ann.send("PRIVMSG #tea :first", "PING one") == []
    assert [each.command for each in ann.told("PRIVMSG #tea :second", "PING two")] == ["NOTICE"]
    journal.broken = False
    chat.commit.retry()
    shown = ann.taken()
    assert shown[0] == ":ann!user@hidden.chat PRIVMSG #tea :first"
    assert [each.rpartition(":")[2] for each in shown[1:]] == ["one", "two"]


def test_pages_that_cannot_be_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """And say so once, without what the system says of it."""
    chat = World()
    ann = come(chat, "ann", "batch", "draft/chathistory", "standard-replies")
    ann.send("JOIN #tea", "PRIVMSG #tea :hi")

    def fail(*_: object, **__: object) -> None:
        raise JournalError("/var/lib/chat: input/output error")

    monkeypatch.setattr(chat.journal, "read", fail)
    for line in ("LATEST #tea * 10", "AROUND #tea msgid=tea/1 10"):
        (told,) = ann.told(f"CHATHISTORY {line}")
        assert (told.command, told.param(1)) == ("FAIL", "MESSAGE_ERROR")
        assert "/var" not in " ".join(told.params)
    assert ann.outbox.ended == []
