"""The threads of relays."""

import json
import threading
from collections.abc import Iterator, Mapping

import pytest

from chat_server.net.relays import posting, relay
from chat_server.net.relays.posting import Answer
from chat_server.net.relays.relay import Source
from chat_server.net.relays.relays import Relays
from chat_server.store.hooks import Match
from tests.support.receiver import Receiver
from tests.support.world import World


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a program that is told."""
    with Receiver() as made:
        yield made


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a chat whose relays look often."""
    monkeypatch.setattr(relay, "LOOK_SECONDS", 0.01)
    return World()


def relays_of(world: World) -> Relays:
    """Return the relays of a world."""

    def post(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return posting.post(url, headers, body)

    def taken(room: str) -> int | None:
        found = world.hub.room_delivery(room)
        return None if found is None else found.taken

    hooks = world.store.hooks
    return Relays(Source(world.journal, hooks, taken, post, world.clock, world.time))


def names() -> set[str]:
    """Return the names of the threads of relays."""
    return {each.name for each in threading.enumerate() if each.name.startswith("relay-")}


def test_each_relay_of_the_store_has_a_thread(world: World, receiver: Receiver) -> None:
    """From when it is seen until it is revoked, or all is stopped; what they did is counted."""
    relays = relays_of(world)
    relays.refresh()
    assert names() == set()
    ann = world.client("ann")
    table = world.store.hooks
    numbers = [table.add_relay(receiver.url, "key", ["lobby"], Match(words=[word])) for word in ("a", "b")]
    relays.refresh()
    relays.refresh()
    assert names() == {f"relay-{number}" for number in numbers}
    told = set[str]()
    while not told:  # until both have begun, which nobody is told
        ann.say("a b")
        told = {receiver.next().headers["X-Chat-Hook"]}
    assert told <= {"1", "2"}
    table.revoke(numbers[0])
    relays.refresh()
    relays.stop()
    assert names() == set()
    assert relays.results["delivered"] >= 1
    assert set(relays.results) == {"delivered", "failed", "dead", "skipped"}
    relays.refresh()
    assert names() == set()


def test_a_message_reaches_its_receiver(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed, over HTTP, and once."""
    table = world.store.hooks
    table.add_relay(receiver.url, "key", ["lobby"], Match())
    ann = world.client("ann")
    relays = relays_of(world)
    begun = threading.Event()
    positions = table.set_positions

    def set_positions(*arguments: object) -> None:
        positions(*arguments)  # type: ignore[arg-type]  # as they came
        begun.set()

    monkeypatch.setattr(table, "set_positions", set_positions)
    relays.refresh()
    assert begun.wait(10)
    ann.say("hello")
    got = receiver.next()
    assert json.loads(got.body)["text"] == "hello"
    assert got.headers["X-Chat-Signature"].startswith("sha256=")
    relays.stop()
    assert relays.results == {"delivered": 1, "failed": 0, "dead": 0, "skipped": 0}
