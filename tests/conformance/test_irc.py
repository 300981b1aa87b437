"""IRC over the wire, in one room with a client that speaks JSON: what one says the other is shown."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.conformance.running import Running
from tests.support.irc import IrcPeer
from tests.support.peer import Address, Peer, fresh

BOTH = "--listen=chat://127.0.0.1:0", "--listen=irc://127.0.0.1:0"
MODERN = "message-tags", "server-time", "batch", "echo-message", "labeled-response", "standard-replies"
Come = Callable[..., IrcPeer]


def irc_address(server: Running) -> Address:
    """Return where a server speaks IRC."""
    (port,) = [each.rpartition(":")[2] for each in server.listening["endpoints"] if each.startswith("irc:")]
    return "127.0.0.1", int(port)


@pytest.fixture(scope="module")
def both() -> Iterator[Running]:
    """Run a server that speaks IRC beside its own protocol."""
    with Running(*BOTH) as running:
        yield running


@pytest.fixture
def come(both: Running) -> Iterator[Come]:
    """Return what brings somebody with a nick of their own, these capabilities, and into a channel."""
    with ExitStack() as stack:

        def bring(channel: str = "", *caps: str) -> IrcPeer:
            peer = stack.enter_context(IrcPeer(irc_address(both)))
            peer.register(fresh("irc"), *caps)
            if channel:
                peer.join(channel)
            return peer

        yield bring


@pytest.fixture
def ann(both: Running, room: str) -> Iterator[Peer]:
    """Return somebody who speaks JSON, in the room."""
    with Peer(both.address) as peer:
        peer.register(fresh("jane.doe"))
        peer.join(room)
        peer.fence()
        yield peer


def source(name: str) -> str:
    """Return what the lines of somebody begin with."""
    return f":{name.replace('.', chr(0x2024))}!user@hidden.chat"


def test_both_hear_each_other(come: Come, ann: Peer, room: str) -> None:
    """In the room and alone; what is done and what programs say stays what it is."""
    bob = come(f"#{room}")
    ann.until("JOINED", name=bob.nick)
    bob.send(
        f"PRIVMSG #{room.upper()} :hello", f"PRIVMSG #{room} :\x01ACTION waves\x01", f"NOTICE #{room} :beep"
    )
    assert ann.until("MSG")["text"] == "hello"
    assert ann.until("MSG")["action"] is True
    assert ann.until("MSG")["notice"] is True
    ann.say("hi there", room)
    ann.say("nods", room, action=True)
    assert bob.until("nods") == [
        f"{source(ann.name)} PRIVMSG #{room} :hi there",
        f"{source(ann.name)} PRIVMSG #{room} :\x01ACTION nods\x01",
    ]
    bob.send(f"PRIVMSG {ann.name} :psst")
    assert ann.until("DM")["text"] == "psst"
    ann.send("DM", to=bob.nick, text="what?")
    assert bob.until("what?")[-1] == f"{source(ann.name)} PRIVMSG {bob.nick} :what?"


def test_stored_then_shown(come: Come, ann: Peer, room: str) -> None:
    """The echo has the id and time that others are shown; a PONG comes behind it."""
    bob = come(f"#{room}", *MODERN)
    (echo,) = bob.ask(f"@label=l1 PRIVMSG #{room} :hello")
    shown = ann.hear("hello", room)
    tags, _, line = echo.partition(" ")
    assert line == f"{source(bob.nick)} PRIVMSG #{room} :hello"
    assert "label=l1;time=" in tags
    assert f"msgid={room}/{shown['id']}" in tags


def test_lines_in_a_row_keep_their_order(come: Come, ann: Peer, room: str) -> None:
    """Also those of a paste; none is lost or there twice."""
    bob = come(f"#{room}", *MODERN)
    texts = [f"line {number}" for number in range(200)]
    echoes = bob.ask(*[f"PRIVMSG #{room} :{text}" for text in texts])
    assert [each.rpartition(" :")[2] for each in echoes] == texts
    assert [each["text"] for each in ann.messages(room, texts[-1])] == texts


def test_long_text_comes_whole(come: Come, ann: Peer, room: str) -> None:
    """In several lines, at breaks and at spaces."""
    bob = come(f"#{room}")
    words = " ".join(f"word{number}" for number in range(300))
    ann.say(f"first\n{words}", room)
    ann.say("last", room)
    lines = bob.until(":last")[:-1]
    assert all(len(each.encode()) <= 510 for each in lines)
    texts = [each.partition(f"PRIVMSG #{room} :")[2] for each in lines]
    assert (texts[0], " ".join(texts[1:])) == ("first", words)


def test_edits_and_deletions_are_seen(come: Come, ann: Peer, room: str) -> None:
    """As text, or as what the client knows."""
    bob, cat = come(f"#{room}"), come(f"#{room}", *MODERN, "draft/message-redaction")
    bob.sync()
    ann.say("helo", room, ref="1")
    number = ann.until("ACK", ref="1")["id"]
    ann.send("EDIT", id=number, text="hello", room=room)
    ann.send("DELETE", id=number, room=room)
    texts = [each.rpartition(" :")[2] for each in bob.until("(deleted)")]
    assert texts == ["helo", "(edited) hello", "(deleted)"]
    assert cat.until("REDACT")[-1].endswith(f"REDACT #{room} :{room}/{number}")
    (echo,) = cat.ask(f"PRIVMSG #{room} :oops")
    said = echo.partition("msgid=")[2].partition(" ")[0]
    assert cat.ask(f"REDACT #{room} {said}")[0].endswith(f"REDACT #{room} :{said}")
    assert ann.until("DELETE")["of"] == int(said.rpartition("/")[2])


def test_who_comes_and_goes(come: Come, ann: Peer, room: str) -> None:
    """Is told to both; who leaves the chat is told of once."""
    bob, other = come(f"#{room}"), fresh("room")
    cat = come(f"#{room}")
    assert bob.sync() == [f"{source(cat.nick)} JOIN :#{room}"]
    bob.join(f"#{other}")
    cat.join(f"#{other}")
    assert f"{source(cat.nick)} JOIN :#{other}" in bob.sync()
    assert cat.ask(f"PART #{other} :so long") == [f"{source(cat.nick)} PART #{other} :so long"]
    assert bob.sync() == [f"{source(cat.nick)} PART #{other} :so long"]
    cat.join(f"#{other}")
    nick = fresh("renamed")
    assert cat.ask(f"NICK {nick}") == [f"{source(cat.nick)} NICK :{nick}"]
    cat.send("QUIT :good night")
    assert cat.end() == ["ERROR :goodbye"]
    ann.until("LEFT", name=nick, reason="exit", text="good night")
    seen = bob.until("QUIT") + bob.sync()
    assert [each for each in seen if " QUIT " in each] == [f"{source(nick)} QUIT :Quit: good night"]
    assert ann.name
    ann.send("LEAVE", room=room)
    assert bob.until("PART")[-1] == f"{source(ann.name)} PART :#{room}"


def test_a_name_is_one_person(come: Come, both: Running, room: str) -> None:
    """Whichever way they came; a connection that ends leaves the name at once."""
    bob = come(f"#{room}")
    with Peer(both.address) as peer:
        peer.send("REG_NAME", name=bob.nick.upper())
        assert peer.until("ERROR")["code"] == "name_taken"
    with IrcPeer(irc_address(both)) as other:
        other.send(f"NICK {bob.nick}", "USER x 0 * :x")
        assert " 433 * " in other.read()
        bob.socket.close()
        cat = come(f"#{room}")
        while bob.nick in " ".join(cat.ask(f"NAMES #{room}")):
            pass
        other.register(bob.nick)


def test_the_topic_is_the_rooms(come: Come, ann: Peer, room: str) -> None:
    """Whoever sets it; who comes in later is told who it was, and when."""
    bob = come(f"#{room}")
    ann.send("TOPIC", room=room, topic="green or black?")
    assert bob.until("TOPIC")[-1] == f"{source(ann.name)} TOPIC #{room} :green or black?"
    assert bob.ask(f"TOPIC #{room} :both") == [f"{source(bob.nick)} TOPIC #{room} :both"]
    assert ann.until("TOPIC", by=bob.nick)["topic"] == "both"
    cat = come()
    shown = cat.join(f"#{room}")
    assert [each.split(" ")[1] for each in shown] == ["JOIN", "332", "333", "353", "366"]
    assert shown[2].split(" ")[4] == bob.nick


def test_what_was_said_before_is_shown(come: Come, ann: Peer, room: str) -> None:
    """With its own time to who takes that, else not at all."""
    ann.say("before", room, ref="1")
    ann.until("ACK", ref="1")
    lines = come("", "server-time", "batch").join(f"#{room}")
    assert [each.rpartition(" :")[2] for each in lines if "PRIVMSG" in each] == ["before"]
    assert any("chathistory" in each for each in lines)
    assert not any("PRIVMSG" in each for each in come("").join(f"#{room}"))


def test_bad_lines_cost_only_themselves(come: Come, ann: Peer, room: str) -> None:
    """What is around them is taken."""
    bob = come(f"#{room}", *MODERN)
    bob.raw(
        b"PRIVMSG #%b :a\r\nPRIVMSG #%b :\xff\r\nFOO\r\nPRIVMSG #%b :%b\r\nPRIVMSG #%b :b\r\n"
        % (room.encode(), room.encode(), room.encode(), b"x" * 600, room.encode())
    )
    shown = bob.sync()
    told = [each for each in shown if "PRIVMSG #" not in each]
    assert [each.split(" ")[1] for each in told] == ["FAIL", "421", "417"]
    assert [each["text"] for each in ann.messages(room, "b")] == ["a", "b"]


def test_what_is_no_irc_is_told(both: Running) -> None:
    """And the connection ends."""
    with IrcPeer(irc_address(both)) as peer:
        peer.raw(b"GET / HTTP/1.1\r\n\r\n")
        assert [each.partition(" ")[0] for each in peer.end()] == ["ERROR"]


def test_who_is_silent_is_asked(room: str) -> None:
    """Whoever answers stays; whoever then does not is ended."""
    flags = "--ping-interval", "0.2", "--ping-timeout", "0.2"
    with Running(*BOTH, *flags) as hasty, IrcPeer(irc_address(hasty)) as bob:
        bob.send("NICK bob", "USER bob 0 * :Bob", f"JOIN #{room}")
        for _ in range(2):
            ping = bob.until("PING :")[-1]
            bob.send(ping.replace("PING", "PONG"))
        assert bob.end()[-1] == "ERROR :no answer to PING"


def test_the_end_of_the_server_is_told() -> None:
    """With a notice, and why."""
    with Running(*BOTH) as server, IrcPeer(irc_address(server)) as bob:
        bob.register("bob")
        server.process.terminate()
        lines = bob.end()
        assert lines[0].startswith(":server.chat NOTICE bob :")
        assert lines[-1].startswith("ERROR :the server is stopping")
