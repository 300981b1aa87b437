"""One relay: what it passes on, when it gives up, and where it goes on."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog

from chat_protocol.messages import Delete, Edit, Msg
from chat_server.chat.hooks import Post
from chat_server.errors import JournalError
from chat_server.net.relays import letter, relay
from chat_server.net.relays.posting import Answer, PostError
from chat_server.net.relays.relay import LATE_SECONDS, TRIES, RelayThread, Source
from chat_server.store.hooks import Match, Position
from tests.support.world import World

EVERYTHING = Match()


@pytest.fixture(autouse=True)
def logged() -> Iterator[Callable[[], list[Any]]]:
    """Return what tells what relays have logged."""
    with structlog.testing.capture_logs() as lines:
        yield lambda: [each for each in lines if each["event"].startswith(("relay", "contained"))]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
    """Wait for nothing; return the tries after which it would have been waited, and for how long by wish."""
    asked: list[tuple[int, float]] = []

    def pause(tries: int, wish: float) -> float:
        asked.append((tries, wish))
        return 0.0

    monkeypatch.setattr(relay, "pause", pause)
    return asked


@dataclass
class Told:
    """A world with a relay, and what its receiver got."""

    world: World = field(default_factory=World)
    rooms: tuple[str, ...] = ("lobby",)
    match: Match = EVERYTHING
    answer: Callable[[], Answer] = lambda: Answer(204)
    got: list[tuple[Mapping[str, str], Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.number = self.world.store.hooks.add_relay("http://bot/", "key", self.rooms, self.match)
        self.thread = self.again()

    def again(self) -> RelayThread:
        """Return the relay as it comes up after a restart."""
        world = self.world

        def taken(room: str) -> int | None:
            found = world.hub.room_delivery(room)
            return None if found is None else found.taken

        source = Source(world.journal, world.store.hooks, taken, self.post, world.clock, world.time)
        (made,) = [each for each in world.store.hooks.relays() if each.number == self.number]
        self.thread = RelayThread(made, source)
        self.thread.look()
        return self.thread

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Be the receiver."""
        assert url == "http://bot/"
        assert headers["X-Chat-Signature"].endswith(
            letter.signature("key", headers["X-Chat-Timestamp"], body)
        )
        self.got.append((headers, json.loads(body)))
        return self.answer()

    def texts(self) -> list[str]:
        """Look, and return what the receiver has got so far."""
        self.world.clock.now += 10
        self.thread.look()
        return [body["text"] for _, body in self.got]


def test_what_is_said_is_passed_on_in_order() -> None:
    """From when the relay is there, in the rooms that it is for."""
    world = World()
    ann = world.client("ann", "tea")
    ann.say("before", room="lobby")
    told = Told(world)
    ann.say("one", "two", room="lobby")
    ann.say("elsewhere", room="tea")
    assert told.texts() == ["one", "two"]
    assert [body["id"] for _, body in told.got] == [2, 3]
    assert told.got[0][1]["from"] == "ann"
    assert told.texts() == ["one", "two"]
    assert told.thread.results == {"delivered": 2}


def test_a_relay_may_look_for_something() -> None:
    """What does not match is passed over."""
    told = Told(match=Match(prefixes=["!"]))
    ann = told.world.client("ann")
    ann.say("hello", "!help", "no!")
    assert told.texts() == ["!help"]


def test_what_was_changed_meanwhile_is_passed_on_as_it_is_now() -> None:
    """What was deleted is not, nor is the change itself."""
    told = Told()
    ann = told.world.client("ann")
    ann.send(Msg("typo", ref="1"), Msg("secret", ref="2"))
    ann.send(Edit(1, "fixed"), Delete(2))
    assert told.texts() == ["fixed"]


def test_what_hooks_say_is_passed_on_to_none() -> None:
    """Two programs that tell each other would go on for ever."""
    told = Told()
    number = told.world.store.hooks.add(b"1", "ci", ["ci"], ["lobby"], 60.0)
    hook = told.world.store.hooks.find(b"1")
    assert hook is not None
    assert hook.number == number
    told.world.hub.hooks.post(hook, Post("green"), told.world.clock.now)
    told.world.client("ann").say("nice")
    assert told.texts() == ["nice"]


def test_a_receiver_that_fails_is_tried_again(
    no_pause: list[tuple[int, float]], logged: Callable[[], list[Any]]
) -> None:
    """And gets what it was to get; its wish to rest counts."""
    answers = iter([Answer(503, 7.0), Answer(500), Answer(200)])
    told = Told(answer=lambda: next(answers))
    told.world.client("ann").say("hi")
    assert told.texts() == ["hi"] * 3
    assert no_pause == [(1, 7.0), (2, 0.0)]
    assert [headers["Idempotency-Key"] for headers, _ in told.got] == ['"lobby:1"'] * 3
    assert told.thread.results == {"failed": 2, "delivered": 1}
    assert logged() == []


def test_what_is_never_taken_is_a_dead_letter(logged: Callable[[], list[Any]]) -> None:
    """After so many tries; the log says which message it was, and not what it said."""

    def answer() -> Answer:
        raise PostError("refused")

    told = Told(answer=answer)
    ann = told.world.client("ann")
    ann.say("hi")
    assert told.texts() == ["hi"] * TRIES
    dead = {
        "event": "relay_dead_letter",
        "log_level": "error",
        "hook": 1,
        "room": "lobby",
        "id": 1,
        "tries": TRIES,
        "error": "refused",
    }
    assert logged() == [dead]
    told.answer = lambda: Answer(204)
    ann.say("there")
    assert told.texts()[-1] == "there"
    assert told.thread.results == {"failed": TRIES, "dead": 1, "delivered": 1}


@pytest.mark.parametrize("status", [301, 400, 404, 410])
def test_what_is_refused_for_good_is_tried_once(status: int, logged: Callable[[], list[Any]]) -> None:
    """A redirect too."""
    told = Told(answer=lambda: Answer(status))
    told.world.client("ann").say("hi")
    assert told.texts() == ["hi"]
    assert logged()[0]["error"] == f"answered {status}"


def test_what_is_late_already_is_tried_once() -> None:
    """So whatever waited behind a dead receiver does not come for hours."""
    told = Told(answer=lambda: Answer(503))
    told.world.client("ann").say("hi")
    told.world.time.now += LATE_SECONDS + 1
    assert told.texts() == ["hi"]
    assert told.thread.results == {"failed": 1, "dead": 1}


def test_it_goes_on_where_it_was() -> None:
    """After a restart, with what was said meanwhile."""
    told = Told()
    ann = told.world.client("ann")
    ann.say("one")
    assert told.texts() == ["one"]
    told.world.clock.now += 10
    told.thread.look()
    ann.say("two")
    told.again()
    assert told.texts() == ["one", "two"]


def test_of_another_record_nothing_is_passed_on() -> None:
    """Its ids have nothing in common with those before."""
    told = Told()
    table = told.world.store.hooks
    table.set_positions(told.number, {"lobby": Position("other", 0)})
    told.world.client("ann").say("one")
    told.again()
    assert told.texts() == []
    table.set_positions(told.number, {"lobby": Position(told.world.journal.epoch, 99)})
    told.again()
    assert told.texts() == []


def test_what_is_too_far_behind_is_skipped(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[Any]]
) -> None:
    """And told."""
    monkeypatch.setattr(relay, "BEHIND_AT_MOST", 2)
    monkeypatch.setattr(relay, "READ_MESSAGES", 1)
    told = Told()
    told.world.client("ann").say(*"abcde")
    assert told.texts() == ["d", "e"]
    assert (logged()[0]["event"], logged()[0]["first"], logged()[0]["last"]) == ("relay_skipped", 1, 3)
    assert told.thread.results == {"skipped": 3, "delivered": 2}


def test_a_room_that_nobody_is_in_is_looked_at_as_well() -> None:
    """A program may say something there; it is looked for less often."""
    told = Told(rooms=("ops",))
    with told.world.hub.rooms.visited("ops"):
        ann = told.world.client("ann", "ops")
        ann.say("hi", room="ops")
        ann.hang_up(final=True)
    told.world.hub.sweep()
    assert told.world.hub.rooms.get("ops") is None
    told.thread.look()
    assert told.got == []
    assert told.texts() == ["hi"]


def test_told_to_stop_it_gives_nothing_up() -> None:
    """What it was at comes again after the start."""
    told = Told()

    def answer() -> Answer:
        told.thread.stop()
        return Answer(503)

    told.answer = answer
    told.world.client("ann").say("one", "two")
    assert told.texts() == ["one"]
    told.thread.run()
    told.answer = lambda: Answer(204)
    told.again()
    assert told.texts() == ["one", "one", "two"]


def test_no_fault_ends_it(monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[Any]]) -> None:
    """It looks again after a while."""
    told = Told()
    monkeypatch.setattr(relay, "FAULT_SECONDS", 0.0)
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) > 1:
            told.thread.stop()
        raise JournalError("disk I/O error")

    monkeypatch.setattr(told.thread, "look", look)
    told.thread.run()
    assert len(looks) == 2
    assert {line["event"] for line in logged()} == {"contained"}
