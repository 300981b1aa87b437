"""What somebody does with irssi or WeeChat, beside somebody with this project's own client."""

from tests.conformance.running import Running
from tests.irc_programs.conftest import BOTH, SLOW_SECONDS, Start, irc_port
from tests.support.peer import Peer, fresh


def test_both_talk_in_one_room(start: Start, ann: Peer) -> None:
    """Each sees the other come, and every message once; also what is done rather than said."""
    ann.join(room := fresh("room"))
    bob = start(name := fresh("bob"))
    bob.joins(f"#{room}")
    ann.until("JOINED", room=room, name=name)
    bob.logs(f"#{room}", name)
    bob.types("hello from IRC", "/me waves")
    assert ann.hear("hello from IRC", room)["from"] == name
    assert ann.hear("waves", room)["action"] is True
    ann.say("hello from JSON", room)
    ann.say("dances", room, action=True)
    bob.logs(f"#{room}", f"{ann.name} dances")
    log = bob.log(f"#{room}")
    assert [log.count(text) for text in ("hello from IRC", "hello from JSON", "waves")] == [1, 1, 1]


def test_direct_messages(start: Start, ann: Peer) -> None:
    """To one alone, both ways."""
    bob = start(name := fresh("bob"))
    bob.types(f"/msg {ann.name} for you alone")
    told = ann.until("DM", text="for you alone")
    assert (told["from"], told["to"]) == (name, ann.name)
    ann.send("DM", to=name, text="and back")
    bob.logs(ann.name, "and back")


def test_a_topic_and_another_name(start: Start, ann: Peer) -> None:
    """Each change is seen on the other side."""
    room = fresh("room")
    ann.join(room)
    bob = start(name := fresh("bob"))
    bob.joins(f"#{room}")
    ann.until("JOINED", room=room, name=name)
    ann.send("TOPIC", room=room, topic="set in JSON")
    bob.logs(f"#{room}", "set in JSON")
    bob.types(f"/topic #{room} set in IRC")
    assert ann.until("TOPIC", topic="set in IRC")["by"] == name
    bob.types(f"/nick {name}x")
    ann.until("NAME", old=name, name=f"{name}x")
    ann.send("NAME", name=f"{ann.name}y")
    bob.logs(f"#{room}", f"{ann.name}y")
    bob.types("/part")
    ann.until("LEFT", room=room, name=f"{name}x")


def test_who_goes_and_comes_back(start: Start, ann: Peer) -> None:
    """Quitting says why; the name is free at once, and what was said meanwhile can be read."""
    bob = start(name := fresh("bob"))
    bob.joins("#lobby")
    ann.until("JOINED", name=name)
    bob.types("/quit gone fishing")
    left = ann.until("LEFT", name=name)
    assert (left["reason"], left["text"]) == ("exit", "gone fishing")
    ann.say("said meanwhile")
    with Peer(ann.socket.getpeername()[:2]) as again:
        assert again.register(name)["name"] == name


def test_what_was_said_before(start: Start, ann: Peer) -> None:
    """Whoever comes later reads it; nothing of it comes twice."""
    ann.join(room := fresh("room"))
    ann.say("said before", room)
    bob = start(name := fresh("bob"))
    bob.joins(f"#{room}")
    ann.until("JOINED", room=room, name=name)
    ann.say("said after", room)
    bob.logs(f"#{room}", "said after")
    bob.logs(f"#{room}", "said before")
    assert [bob.log(f"#{room}").count(text) for text in ("said before", "said after")] == [1, 1]


def test_it_comes_back(start: Start) -> None:
    """A server that is killed and started again is found, and the room entered."""
    room = fresh("room")
    with Running(*BOTH) as first:
        bob = start(name := fresh("bob"), irc_port(first))
        ports = first.listening["endpoints"]
        bob.joins(f"#{room}")
        bob.logs(f"#{room}", name)
        first.process.kill()
    with Running(*[f"--listen={each}" for each in ports]) as again, Peer(again.address, SLOW_SECONDS) as ann:
        ann.register(fresh("ann"))
        ann.join(room)
        bob.comes_back()
        ann.until("JOINED", room=room, name=name)
        bob.types("back again")
        ann.hear("back again", room)
