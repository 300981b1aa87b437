"""Delays and floods: a clock that a wait sets forward, so that nobody waits in these tests."""

import dataclasses
import json
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from chat_protocol.messages import ClientMessage, Exit, Msg, Ping, RegName, Search
from chat_protocol.reasons import CloseReason
from chat_protocol.server_messages import Notice
from chat_server.chat.bucket import Bucket, Rate
from chat_server.config import Config
from chat_server.net.connection import ClientConnection, ConnectionStage
from chat_server.net.throttle import READ_BYTES, Rates, Throttle
from tests.chat_server.net.support import PATIENCE, Clock, Stage, frames, until, until_end, wait_for
from tests.support.world import Client, World

USER = Rate(10, 2.0)
RATES = Rates(None, USER)


class Slowed:
    """A client of a world, its throttle, and when it said what."""

    def __init__(self, rates: Rates = RATES, name: str | None = "ann") -> None:
        self.world = World()
        self.client = self.world.client(name) if name else Client(self.world.hub)
        self.waits: list[float] = []
        self.on_wait: Callable[[], None] = lambda: None
        self.throttle = Throttle(rates, self.client.conversation, self.world.clock, self.wait)
        self.listener = self.world.client("bob")
        self.client.outbox.clear()
        self.heard_at: list[float] = []
        self.listener.outbox.on_push = lambda _: self.heard_at.append(self.now)
        self._begun = self.world.clock.now

    @property
    def now(self) -> float:
        """How many seconds it is since the beginning."""
        return self.world.clock.now - self._begun

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Have time pass, unless something ends the wait."""
        self.waits.append(seconds)
        self.on_wait()
        if not event.is_set():
            self.world.clock.now += seconds

    def say(self, *texts: str) -> bool:
        """Say texts at once."""
        return self.perform(*map(Msg, texts))

    def perform(self, *messages: ClientMessage) -> bool:
        """Have these come in one read."""
        return self.throttle.perform(messages, self.world.clock.now)

    @property
    def texts(self) -> list[str]:
        """What the other one has heard."""
        said = [json.loads(line) for line in b"".join(self.listener.outbox.pushed).splitlines()]
        return [each["text"] for each in said if each["type"] == "MSG"]

    @property
    def notices(self) -> list[str]:
        """What the client was told."""
        return [each.text for each in self.client.outbox.of(Notice)]


def numbered(count: int) -> list[str]:
    """Return so many texts."""
    return [f"text {number}" for number in range(count)]


def test_a_slow_typist_never_notices() -> None:
    """A line every second all day: no wait, no notice."""
    slowed = Slowed()
    for text in numbered(500):
        assert slowed.say(text)
        slowed.world.clock.now += 1.0
    assert slowed.waits == []
    assert slowed.notices == []
    assert slowed.throttle.user_delays.count == 0


def test_a_paste_of_forty_lines_arrives_whole_and_in_order() -> None:
    """Ten at once, then two a second: it takes 15 s, and is told once."""
    slowed = Slowed()
    assert slowed.say(*numbered(40))
    assert slowed.texts == numbered(40)
    assert slowed.heard_at[0] == 0.0
    assert slowed.now == pytest.approx(15.0)
    assert slowed.throttle.user_delays.count == 30
    assert slowed.throttle.user_delays.seconds == pytest.approx(15.0)
    (notice,) = slowed.notices
    assert notice == (
        "slow down: 10 messages are taken at once, then 2 a second; yours wait, the last for 15 s,"
        " and beyond 30 s the connection ends"
    )


def test_what_would_wait_for_longer_than_that_is_a_flood() -> None:
    """What comes before it is still done, one after the other; the notice came at the beginning."""
    slowed = Slowed()
    told: list[tuple[int, int]] = []
    slowed.on_wait = lambda: told.append((len(slowed.notices), len(slowed.texts)))
    assert not slowed.say(*numbered(1000))
    assert slowed.texts == numbered(70)
    assert slowed.now == pytest.approx(30.0)
    assert told[0] == (1, 10)
    assert slowed.throttle.retry_after() == pytest.approx(5.0)


def test_it_is_told_again_once_all_was_made_up_for() -> None:
    """And not before: whoever goes on at the limit is told once."""
    slowed = Slowed()
    for _ in range(3):
        assert slowed.say(*numbered(15))
    assert len(slowed.notices) == 1
    slowed.world.clock.now += 5.0
    assert slowed.say(*numbered(15))
    assert len(slowed.notices) == 2


def test_a_short_debt_is_no_matter() -> None:
    """A network that hands over late brings two lines at once: they wait, and nobody is told."""
    slowed = Slowed()
    assert slowed.say(*numbered(12))
    assert (len(slowed.waits), slowed.notices) == (2, [])


def test_a_delay_is_logged_once() -> None:
    """With how long the last of it has to wait."""
    slowed = Slowed()
    with capture_logs() as logs:
        slowed.say(*numbered(40))
    assert [each for each in logs if each["event"] == "slowed"] == [
        {"event": "slowed", "seconds": 15.0, "log_level": "info"}
    ]


def test_searches_are_slowed_to_what_a_person_needs() -> None:
    """Two at once, then one every two seconds; a flood of them ends after seventeen."""
    slowed = Slowed()
    assert slowed.perform(*[Search("tea")] * 3)
    assert slowed.now == pytest.approx(1.0)
    slowed.world.clock.now += 60.0
    assert not slowed.perform(*[Search("tea")] * 100)
    assert slowed.client.conversation.received["SEARCH"] == 3 + 17


def test_pings_are_next_to_nothing() -> None:
    """Six hundred at once cost nobody a wait."""
    slowed = Slowed()
    assert slowed.perform(*[Ping()] * 600)
    assert slowed.waits == []


def test_tries_of_a_name_count_too() -> None:
    """They are answered one by one, as fast as messages would be."""
    slowed = Slowed(name=None)
    assert slowed.perform(*[RegName("")] * 20)
    assert slowed.client.outbox.errors() == ["name_invalid"] * 20
    assert slowed.now == pytest.approx(5.0)


def test_a_name_brings_no_second_burst_to_a_session_that_comes_back() -> None:
    """From the moment of the name on, its own bucket counts, on however many connections."""
    slowed = Slowed()
    assert slowed.say(*numbered(10))
    slowed.client.hang_up("peer_reset")
    again = Client(slowed.world.hub)
    throttle = Throttle(RATES, again.conversation, slowed.world.clock, slowed.wait)
    resume = RegName("ann", session=slowed.client.session.token)
    assert throttle.perform([resume, *map(Msg, numbered(4))], slowed.world.clock.now)
    assert slowed.now == pytest.approx(2.0)


def test_several_connections_of_somebody_share_one_bucket() -> None:
    """As the sessions of an account will."""
    slowed = Slowed()
    other = slowed.world.client("eve")
    other.session.identity.bucket = slowed.client.session.identity.bucket
    beside = Throttle(RATES, other.conversation, slowed.world.clock, slowed.wait)
    assert slowed.say(*numbered(10))
    assert beside.perform([Msg("and I")], slowed.world.clock.now)
    assert slowed.waits == [0.5]


def test_an_interrupt_ends_the_wait_and_all_that_would_follow() -> None:
    """What was not done is not acknowledged, so the client sends it again elsewhere."""
    slowed = Slowed()
    slowed.on_wait = slowed.throttle.interrupt
    assert slowed.say(*numbered(40))
    assert slowed.texts == numbered(10)
    assert len(slowed.waits) == 1


def test_whoever_was_interrupted_waits_no_more() -> None:
    """Also if the interrupt came first."""
    slowed = Slowed()
    slowed.throttle.interrupt()
    assert slowed.say(*numbered(40))
    assert slowed.waits == []


def test_nothing_is_done_after_an_exit() -> None:
    """The end comes in its turn, and what follows it costs no wait."""
    slowed = Slowed()
    assert slowed.perform(*map(Msg, numbered(12)), Exit(), *map(Msg, numbered(30)))
    assert slowed.texts == numbered(12)
    assert slowed.client.conversation.over == CloseReason.EXIT
    assert slowed.now == pytest.approx(1.0, abs=0.1)


def test_a_delay_is_not_the_server_s_latency() -> None:
    """The histogram counts from the end of the wait."""
    slowed = Slowed()
    slowed.say(*numbered(40))
    assert slowed.world.hub.counters().seconds == 0.0


def test_without_a_rate_for_users_nothing_is_asked() -> None:
    """Only the input is limited then."""
    slowed = Slowed(Rates(Rate(100, 100), None))
    assert slowed.say(*numbered(1000))
    assert slowed.waits == []
    assert slowed.throttle.retry_after() == 0.0


def test_the_input_limit_bounds_the_bytes_taken() -> None:
    """The burst, what time brings, and one read."""
    slowed = Slowed(Rates(Rate(20_000, 1_000), None))
    taken = 0
    while slowed.now < 60:
        taken += slowed.throttle.read_bytes
        assert taken <= 20_000 + slowed.now * 1_000 + slowed.throttle.read_bytes
        slowed.throttle.on_input(slowed.throttle.read_bytes)
    assert taken >= 60_000
    assert slowed.throttle.input_delays.count == len(slowed.waits) > 0


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, Rates(Rate(65_536, 65_536), Rate(10, 2.0), 30.0)),
        ({"profile": "trusted"}, None),
        ({"input_bytes_per_second": 0}, Rates(None, Rate(10, 2.0))),
        ({"messages_per_second": 0.0}, Rates(Rate(65_536, 65_536), None)),
        ({"input_bytes_per_second": 1000}, Rates(Rate(16_384, 1000), Rate(10, 2.0))),
    ],
)
def test_the_rates_are_those_of_the_settings(settings: dict[str, Any], expected: Rates | None) -> None:
    """A full line always fits the burst; 0 is no limit; the profile `trusted` has none."""
    assert Rates.of(Config(**settings)) == expected


def test_a_read_is_never_larger_than_the_burst() -> None:
    """It would have to be paid for in minutes."""
    assert Slowed(Rates(Rate(16_384, 100), None)).throttle.read_bytes == 16_384
    assert Slowed(RATES).throttle.read_bytes == READ_BYTES


# Over a socket


class Line:
    """A connection that is slowed down, in its thread; its clock goes when it waits."""

    def __init__(self, stage: Stage, rates: Rates) -> None:
        self.clock: Clock = stage.clock
        self.waits = 0
        #: Set by default, so that a wait is over at once.
        self.let_go = threading.Event()
        self.let_go.set()
        self.waiting = threading.Event()
        stage.context = dataclasses.replace(stage.context, rates=rates, wait=self.wait)
        self.connection, self.far = stage.connection()
        self.connection.thread.start()

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Have time pass, once the test lets it or the wait is ended."""
        self.waits += 1
        self.waiting.set()
        while not (event.is_set() or self.let_go.wait(0.01)):
            pass
        self.clock.now += seconds

    def send(self, *messages: dict[str, object]) -> None:
        """Send messages in one go."""
        self.far.sendall(b"".join([json.dumps(each).encode() + b"\n" for each in messages]))

    def register(self, name: str) -> None:
        """Give a name."""
        self.send({"type": "REG_NAME", "name": name})
        until(self.far, b'"JOINED"')


def said(count: int) -> Sequence[dict[str, object]]:
    """Return so many messages."""
    return [{"type": "MSG", "text": text, "ref": text} for text in numbered(count)]


def ended(connection: ClientConnection) -> None:
    """Wait for the end of a connection's thread."""
    connection.thread.join(PATIENCE)
    assert not connection.thread.is_alive()


def test_a_flood_is_told_slowed_and_cut_with_the_words(stage: Stage) -> None:
    """First the notice, then all that is within the debt, then a BYE that says when to come back."""
    line = Line(stage, RATES)
    line.register("ann")
    line.send(*said(400))
    received = frames(until_end(line.far))
    ended(line.connection)
    kinds = [each["type"] for each in received]
    assert kinds.count("NOTICE") == 1
    assert kinds.index("NOTICE") < kinds.index("BYE") == len(kinds) - 1
    acknowledged = [each["ref"] for each in received if each["type"] == "ACK"]
    assert acknowledged == numbered(len(acknowledged))
    assert len(acknowledged) >= 69  # the name cost one
    assert received[-1] == {
        "type": "BYE",
        "reason": "flooding",
        "text": CloseReason.FLOODING.text,
        "retry_after": 5.0,
    }


def test_nobody_else_waits_for_one_who_is_slowed(stage: Stage) -> None:
    """While the thread of one waits, what another says comes through."""
    slow = Line(stage, RATES)
    slow.register("ann")
    other = Line(stage, RATES)
    other.register("bob")
    slow.let_go.clear()
    slow.send(*said(20))
    assert slow.waiting.wait(PATIENCE)
    other.send({"type": "MSG", "text": "meanwhile", "ref": "m"})
    until(other.far, b'"ref":"m"')
    until(slow.far, b'"meanwhile"')
    for line in (slow, other):
        line.connection.end(CloseReason.SERVER_SHUTDOWN)
        until_end(line.far)
        ended(line.connection)


@pytest.mark.parametrize("rates", [RATES, Rates(Rate(256, 1.0), None)], ids=["user", "input"])
def test_an_end_is_not_held_up_by_a_delay(stage: Stage, rates: Rates) -> None:
    """Of either limit; the stage says that it is one."""
    line = Line(stage, rates)
    line.register("ann")
    line.let_go.clear()
    line.send(*said(20))
    assert line.waiting.wait(PATIENCE)
    wait_for(lambda: line.connection.stage is ConnectionStage.DELAYED)
    line.connection.end(CloseReason.SERVER_SHUTDOWN)
    assert frames(until_end(line.far))[-1]["reason"] == "server_shutdown"
    ended(line.connection)


def test_the_window_closes_and_nothing_is_lost(stage: Stage) -> None:
    """A peer that sends more than is read finds its own buffers full; all of it arrives later."""
    line = Line(stage, Rates(Rate(4096, 4096), None))
    line.register("ann")
    line.let_go.clear()
    lines = b'{"type":"PONG","x":"%s"}\n' % (b"x" * 900) * 2000 + b'{"type":"PING","ref":"last"}\n'
    line.far.setblocking(False)
    sent = 0
    try:
        while sent < len(lines):
            sent += line.far.send(lines[sent : sent + 65536])
    except BlockingIOError:
        pass
    assert sent < len(lines)
    line.far.settimeout(PATIENCE)
    line.let_go.set()
    sender = threading.Thread(target=line.far.sendall, args=(lines[sent:],), name="sender")
    sender.start()
    until(line.far, b'"ref":"last"')
    sender.join(PATIENCE)
    assert line.waits > 400
    line.far.shutdown(socket.SHUT_WR)
    until_end(line.far)
    ended(line.connection)


def test_without_rates_a_connection_has_no_throttle(stage: Stage) -> None:
    """The profile `trusted` costs nothing."""
    connection, _ = stage.connection()
    assert connection.throttle is None


def test_a_bucket_is_the_identity_s_own() -> None:
    """Nobody shares one by accident."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    assert isinstance(ann.session.identity.bucket, Bucket)
    assert ann.session.identity.bucket is not bob.session.identity.bucket
