"""People who come and go, as seen over the wire, against the server as a process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.process import Server
from tests.support.peer import ClosedError, Frame, Peer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Start a server in which a user may be in three rooms."""
    server = Server(tmp_path / "chat.db", "--rooms-per-user", "3")
    server.start()
    yield server
    server.close()
    assert not server.errors


class Person:
    """Somebody connected; `welcome` is what the server said to the name."""

    def __init__(self, server: Server, name: str, **resume: object) -> None:
        self.peer = Peer(server.address)
        self.welcome = self.peer.register(name, **resume)

    def resume_with(self, **after: int) -> dict[str, Any]:
        """Return what a resume of this session says."""
        return {"session": self.welcome["session"], "epoch": self.welcome["epoch"], "after": after}

    def say(self, ref: str, text: str = "") -> Frame:
        """Say something in the lobby, and return the ACK."""
        self.peer.say(text or f"text {ref}", ref=ref)
        return self.peer.until("ACK", ref=ref)

    def hears(self) -> tuple[int, str]:
        """Return the next MSG."""
        frame = self.peer.until("MSG")
        return frame["id"], frame["text"]

    def leave(self) -> None:
        """Say EXIT."""
        self.peer.send("EXIT")
        self.peer.until("BYE")
        self.peer.close()


Meet = Callable[..., Person]


@pytest.fixture
def meet(server: Server) -> Iterator[Meet]:
    """Connect people, and close what is left of their connections in the end."""
    people: list[Person] = []

    def meet(name: str, **resume: object) -> Person:
        people.append(Person(server, name, **resume))
        return people[-1]

    yield meet
    for person in people:
        person.peer.close()


@pytest.fixture
def ann(meet: Meet) -> Person:
    """Let ann in."""
    return meet("ann")


def test_a_resume_brings_what_was_missed_and_then_what_is_live(meet: Meet, ann: Person) -> None:
    """Once, in order, under the old name."""
    ben = meet("ben")
    ann.say("1")
    assert ben.hears() == (1, "text 1")
    ben.peer.close()
    ann.say("2")
    ann.say("3")
    back = meet("ben", **ben.resume_with(lobby=1))
    assert (back.welcome["name"], back.welcome["resumed"]) == ("ben", True)
    ann.say("4")
    assert [back.hears() for _ in range(3)] == [(2, "text 2"), (3, "text 3"), (4, "text 4")]


def test_the_connection_that_still_hangs_there_is_replaced(meet: Meet, ann: Person) -> None:
    """It is told so and closed, and leaves no ghost: the name goes on with the new one."""
    back = meet("ann", **ann.resume_with(lobby=0))
    assert back.welcome["resumed"] is True
    assert ann.peer.until("BYE")["reason"] == "session_replaced"
    with pytest.raises(ClosedError):
        ann.peer.until("MSG")
    back.peer.send("WHO", room="lobby", ref="w")
    assert back.peer.until("USERS", ref="w")["names"] == ["ann"]


def test_a_resend_is_answered_alike_and_stored_once(server: Server, meet: Meet, ann: Person) -> None:
    """On the same connection, on the next one, and after the server was killed."""
    first = ann.say("1", "hello")
    assert ann.say("1", "hello") == first
    ann.peer.close()
    again = meet("ann", **ann.resume_with(lobby=1))
    assert again.say("1", "hello") == first
    server.kill()
    server.start()
    again.peer.close()
    back = meet("ann", **ann.resume_with(lobby=1))
    assert back.welcome["resumed"] is True
    assert back.say("1", "hello") == first
    assert back.say("2")["id"] == first["id"] + 1


def test_who_missed_the_welcome_of_a_run_comes_back_in_the_next(
    server: Server, meet: Meet, ann: Person
) -> None:
    """The server was killed twice, and all the client has is its token of before."""
    first = ann.say("1")
    for _ in range(2):
        server.kill()
        server.start()
        assert meet("ann", **ann.resume_with(lobby=1)).welcome["resumed"] is True
    back = meet("ann", **ann.resume_with(lobby=1))
    assert back.welcome["session"] != ann.welcome["session"]
    assert back.say("1") == first


def test_exit_is_the_end_also_after_a_restart(server: Server, meet: Meet, ann: Person) -> None:
    """Neither the token that was come back with nor the one that was given then is good any more."""
    server.kill()
    server.start()
    back = meet("ann", **ann.resume_with(lobby=0))
    assert back.welcome["resumed"] is True
    back.leave()
    for gone in (ann, back):
        again = meet("ann", **gone.resume_with(lobby=0))
        assert again.welcome["resumed"] is False
        again.leave()


def test_another_record_is_told(meet: Meet, ann: Person) -> None:
    """Who comes with the epoch of another record is not resumed: its ids mean nothing here."""
    back = meet("bob", **(ann.resume_with(lobby=7) | {"epoch": "another"}))
    assert back.welcome["resumed"] is False
    assert back.welcome["epoch"] == ann.welcome["epoch"]


def test_who_said_exit_has_no_session(meet: Meet, ann: Person) -> None:
    """The session ended with it; the name is free."""
    ann.leave()
    back = meet("ann", **ann.resume_with(lobby=0))
    assert back.welcome["resumed"] is False


def test_a_resume_into_too_many_rooms_leaves_no_ghost(meet: Meet, ann: Person) -> None:
    """The rooms beyond the limit are refused, the client is in, and its name is free once it has gone."""
    ann.peer.join("one")
    ann.peer.join("two")
    ann.peer.close()
    back = meet("ann", **ann.resume_with(three=0))
    assert back.welcome["resumed"] is True
    assert back.peer.until("ERROR")["code"] == "limit_reached"
    back.leave()
    assert meet("ann").welcome["name"] == "ann"


def test_a_cut_in_the_middle_of_a_line_takes_only_that_line(server: Server, ann: Person) -> None:
    """What came whole before the cut is stored; the begun rest is not."""
    ann.say("1")
    begun = Peer(server.address)
    begun.register("ben")
    begun.raw(b'{"type":"MSG","text":"whole","ref":"1"}\n{"type":"MSG","te')
    assert ann.hears() == (2, "whole")
    begun.close()
    assert ann.say("2")["id"] == 3
