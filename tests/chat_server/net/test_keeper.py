"""The keeper's rules, with a clock to be set: nobody waits in these tests."""

import dataclasses
import threading

import pytest
from structlog.testing import capture_logs

from chat_protocol.messages import Msg, Ping, Pong, RegName
from chat_server.chat.bucket import Rate
from chat_server.net.connection import ConnectionStage as LifeStage
from chat_server.net.keeper import Deadlines, Keeper
from chat_server.net.throttle import Rates
from chat_server.net.transport import TcpTransport
from tests.chat_server.net.support import PATIENCE, Clock, Stage, available

DEADLINES = Deadlines(register=10.0, ping_interval=25.0, ping_timeout=10.0)


class Kept:
    """One connection, the keeper that looks after it, and time."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.connection, self.far = stage.connection()
        self.keeper = Keeper(DEADLINES, stage.clock, lambda: [self.connection], ())

    def register(self) -> None:
        """Give a name."""
        self.connection.conversation.handle([RegName(name="ann")], self.stage.clock.now)
        available(self.far)

    def pass_(self, seconds: float) -> str | None:
        """Let time pass while the keeper looks each second, and return why the connection ends."""
        while seconds > 1.0:
            self.jump(1.0)
            seconds -= 1.0
        return self.jump(seconds)

    def jump(self, seconds: float) -> str | None:
        """Let time pass at once, have the keeper look, and return why the connection ends."""
        self.stage.clock.now += seconds
        self.keeper.check()
        return self.connection.reason

    def pong(self) -> None:
        """Have a PONG come."""
        self.connection.conversation.handle([Pong()], self.stage.clock.now)
        self.connection.last_received = self.stage.clock.now


@pytest.fixture
def kept(stage: Stage) -> Kept:
    """Return a connection that is kept."""
    return Kept(stage)


class Delayed(Kept):
    """One that is slowed down; the keeper looks in the middle of each wait."""

    def __init__(self, stage: Stage) -> None:
        rates = Rates(None, Rate(10, 0.2), 200.0)
        stage.context = dataclasses.replace(stage.context, rates=rates, wait=self.wait)
        super().__init__(stage)
        self.stages: set[LifeStage] = set()

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Have the time pass."""
        del event
        self.stages.add(self.connection.stage)
        self.pass_(seconds)

    def take(self, *messages: Msg | RegName) -> None:
        """Have all this come in one read, and be done."""
        assert self.connection.throttle is not None
        self.connection.throttle.perform(messages, self.stage.clock.now)


def test_who_is_delayed_is_not_taken_for_dead(stage: Stage) -> None:
    """However long it takes: nothing is read meanwhile; afterwards silence counts from its end."""
    kept = Delayed(stage)
    kept.register()
    kept.take(*[Msg("hi")] * 30)
    assert kept.connection.reason is None
    assert kept.stages == {LifeStage.DELAYED}
    available(kept.far)
    assert kept.pass_(24.0) is None
    assert available(kept.far) == b""
    kept.pass_(2.0)
    assert b'"PING"' in available(kept.far)


def test_an_answer_that_waits_for_its_turn_is_no_silence(stage: Stage) -> None:
    """A PING that was sent before the delay is forgotten."""
    kept = Delayed(stage)
    kept.register()
    kept.pong()
    kept.pass_(26.0)
    assert kept.connection.pinged is not None
    kept.take(*[Msg("hi")] * 15)
    assert kept.pass_(20.0) is None
    assert kept.connection.pinged is None


def test_tries_of_a_name_win_no_time(stage: Stage) -> None:
    """Whoever is delayed without a name has as long for it as anybody, whatever else has come."""
    kept = Delayed(stage)
    kept.far.sendall(b"x")
    kept.take(*[RegName("")] * 20)
    assert kept.connection.reason == "register_timeout"


def test_who_gives_no_name_in_time_is_ended(kept: Kept) -> None:
    """The time runs from the connection, whatever comes meanwhile."""
    assert kept.pass_(10.0) is None
    kept.connection.last_received = kept.stage.clock.now
    assert kept.pass_(0.1) == "register_timeout"


def test_who_has_a_name_is_under_no_such_deadline(kept: Kept) -> None:
    """Registration ends the first deadline."""
    kept.register()
    assert kept.pass_(20) is None


def test_silence_is_pinged_once(kept: Kept) -> None:
    """After the interval a PING goes out, and no second one while the answer is awaited."""
    kept.register()
    assert kept.pass_(24.9) is None
    assert available(kept.far) == b""
    kept.pass_(0.1)
    assert available(kept.far) == b'{"type":"PING"}\n'
    assert kept.pass_(9) is None
    assert available(kept.far) == b""


def test_an_answer_starts_the_interval_again(kept: Kept) -> None:
    """Anything that comes counts, and the next silence is pinged again."""
    kept.register()
    kept.pass_(25)
    available(kept.far)
    kept.pong()
    assert kept.pass_(1) is None
    assert kept.connection.pinged is None
    kept.pass_(24)
    assert available(kept.far) == b'{"type":"PING"}\n'


def test_who_answered_once_and_then_does_not_is_dead(kept: Kept) -> None:
    """A client that knows PING is held to its answer."""
    kept.register()
    kept.pong()
    kept.pass_(25)
    available(kept.far)
    assert kept.pass_(10) is None
    assert kept.pass_(0.1) == "ping_timeout"


def test_who_never_answers_but_takes_the_bytes_is_a_person(kept: Kept) -> None:
    """With `nc` nobody sends PONG: while the host acknowledges what is sent the person stays."""
    kept.register()
    for _ in range(5):
        kept.pass_(25)
        assert available(kept.far) == b'{"type":"PING"}\n'
        assert kept.pass_(10.1) is None


def test_a_half_open_peer_is_dead(kept: Kept) -> None:
    """Nothing comes and the PING's bytes are not even acknowledged: the host behind it is gone."""
    kept.register()
    kept.pass_(25)
    assert kept.connection.transport.unacknowledged() > 0  # nobody reads the far end
    assert kept.pass_(10.1) == "ping_timeout"


def test_who_is_being_served_is_not_judged(kept: Kept) -> None:
    """In the middle of a replay, before or after the name: the thread reads no PONG meanwhile."""
    stages = [kept.connection.stage]
    kept.connection._working = True  # noqa: SLF001  # as its thread says
    stages.append(kept.connection.stage)
    assert kept.pass_(3600) is None
    kept.register()
    assert kept.pass_(3600) is None
    kept.connection._working = False  # noqa: SLF001  # likewise
    stages.append(kept.connection.stage)
    assert stages == [LifeStage.NAMING, LifeStage.WORKING, LifeStage.LIVE]
    kept.pass_(25)
    assert available(kept.far) == b'{"type":"PING"}\n'


def test_nothing_is_judged_before_what_has_arrived_is_read(kept: Kept) -> None:
    """A name or a PONG that lies in the socket counts, however late its thread comes to read it."""
    kept.far.sendall(b'{"type":"REG_NAME","name":"ann"}\n')
    assert kept.connection.transport.unread() > 0
    assert kept.pass_(11) is None
    kept.connection.transport.receive(1 << 16)
    kept.register()
    kept.pong()
    kept.pass_(25)
    kept.far.sendall(b'{"type":"PONG"}\n')
    assert kept.pass_(30) is None
    kept.connection.transport.receive(1 << 16)
    available(kept.far)
    assert kept.pass_(23) == "ping_timeout"


def test_who_takes_what_waits_is_alive(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PING behind megabytes cannot be answered yet: it counts what the peer's host takes of them."""
    kept.register()
    kept.pong()
    kept.pass_(25)
    owed = [3000]
    monkeypatch.setattr(TcpTransport, "unacknowledged", lambda _self: owed[0])
    kept.connection.owed = 4000
    for owed[0] in (3000, 2000, 1000):  # what it counts reads it
        assert kept.pass_(11) is None
    assert kept.pass_(11) == "ping_timeout"


def test_who_is_sent_something_is_not_asked(kept: Kept) -> None:
    """While the outbox gets rid of what waits, the peer is alive; its age has a limit of its own."""
    kept.register()
    for _ in range(5):
        kept.connection.outbox.progress = kept.stage.clock.now
        kept.pass_(20)
    assert kept.connection.pinged is None


def test_the_time_of_a_suspended_host_is_given_back(kept: Kept) -> None:
    """After a tick that comes minutes late, everybody has as much time left as before."""
    kept.keeper.check()
    assert kept.pass_(5) is None
    assert kept.jump(600) is None
    assert kept.pass_(3) is None
    kept.register()
    kept.pong()
    kept.pass_(25)
    assert kept.connection.pinged is not None
    assert kept.jump(600) is None
    assert kept.pass_(8) is None
    assert kept.pass_(3) == "ping_timeout"


def test_a_fault_of_one_connection_keeps_none_from_being_looked_at(stage: Stage) -> None:
    """Nor one of the list of them."""
    near, far = stage.connection(), stage.connection()
    broken, sound = near[0], far[0]

    keeper = Keeper(DEADLINES, stage.clock, lambda: [broken, sound], ())
    keeper.tick = 11
    broken.since = None  # type: ignore[assignment]  # nothing can be reckoned with that
    stage.clock.now += 11
    with capture_logs() as logs:
        keeper.check()
    assert (broken.reason, sound.reason) == (None, "register_timeout")
    assert [(each["event"], each["what"]) for each in logs] == [("contained", "keep")]


def test_the_end_is_told_once(kept: Kept) -> None:
    """The first reason counts, however often the keeper looks."""
    assert kept.pass_(11) == "register_timeout"
    assert kept.pass_(100) == "register_timeout"


def test_a_connection_closed_meanwhile_does_no_harm(kept: Kept) -> None:
    """The keeper looks at a copy of the list: one of them may have been closed since."""
    kept.register()
    kept.pass_(25)
    kept.far.close()
    kept.connection.outbox.close()
    kept.connection.transport.close()
    kept.pass_(11)
    assert kept.connection.transport.unacknowledged() == 0


def test_chores_are_done_and_may_fail(stage: Stage) -> None:
    """One that fails is logged; those after it are done all the same."""
    done: list[str] = []
    keeper = Keeper(DEADLINES, stage.clock, list, (lambda: done.append("a"), _fail, lambda: done.append("b")))
    with capture_logs() as logs:
        keeper.check()
    assert done == ["a", "b"]
    assert [each["event"] for each in logs] == ["contained"]


def _fail() -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("deadlines", "tick"),
    [
        (Deadlines(), 1.0),
        (Deadlines(register=2.0), 0.5),
        (Deadlines(10, 0.4, 10), 0.1),
        (Deadlines(10, 25, 1), 0.25),
    ],
)
def test_it_looks_often_enough_for_the_shortest_deadline(
    clock: Clock, deadlines: Deadlines, tick: float
) -> None:
    """Four times within each, and once a second at the least."""
    assert Keeper(deadlines, clock, list, ()).tick == tick


def test_its_thread_looks_by_itself_and_stops(clock: Clock) -> None:
    """Started it works without anybody's call; stopped it has ended."""
    looked = threading.Event()
    keeper = Keeper(Deadlines(0.01, 0.01, 0.01), clock, list, (looked.set,))
    keeper.start()
    assert looked.wait(PATIENCE)
    keeper.stop()
    assert "keeper" not in [thread.name for thread in threading.enumerate()]


def test_a_ping_is_an_ordinary_message(stage: Stage) -> None:
    """It goes through the outbox like all else."""
    connection, far = stage.connection()
    connection.send(Ping())
    assert available(far) == b'{"type":"PING"}\n'
