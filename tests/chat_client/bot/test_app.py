"""Scripted clients, over the wire."""

from collections.abc import Callable

from chat_client.bot.app import Bot
from chat_client.bot.script import parse_script
from chat_client.ui.app import ExitStatus
from chat_protocol.messages import Join, Msg
from chat_protocol.server_messages import Joined
from tests.support.fake_server import FakeServer, entered, options, playing, said
from tests.support.sheet import Sheet


class Play:
    """A persona with a script, against a fake server."""

    def __init__(self, server: FakeServer, script: str) -> None:
        self._server = server
        self._out = Sheet()
        self.persona = Bot(options(server), self._out, Sheet(), parse_script(script))

    def run(self, part: Callable[[], object]) -> tuple[ExitStatus, str]:
        """Play it; return the status and what was printed."""
        with playing(self._server, part):
            status = self.persona.run()
        return status, self._out.getvalue()


def test_plays_reacts_and_leaves(server: FakeServer) -> None:
    """What the script says is said where it says, and others are answered."""
    play = Play(server, "on join say Welcome, {name}!\nsay hello\njoin tea\nsay mmm\npause 600")

    def part() -> None:
        peer = server.accept()
        peer.register()
        assert peer.receive(Msg).text == "hello"
        join = peer.receive(Join)
        peer.send(entered("tea", ref=join.ref))
        assert peer.receive(Msg).room == "tea"
        peer.send(Joined(room="tea", name="eve"))
        message = peer.receive(Msg)
        assert (message.text, message.room) == ("Welcome, eve!", "tea")
        peer.close()

    status, printed = play.run(part)
    assert status is ExitStatus.LOST
    assert "-- eve joined\n" in printed


def test_the_past_is_no_cue(server: FakeServer) -> None:
    """What was said before the script began is printed, and not answered."""
    play = Play(server, "on /ping/ say pong to {name}\nsay ready\npause 600")

    def part() -> None:
        peer = server.accept()
        peer.register(said(1, "ping"))
        message = peer.receive(Msg)
        assert message.text == "ready"
        peer.send(said(2, "ping"))
        peer.acknowledge(message, 3)
        answer = peer.receive(Msg)
        assert answer.text == "pong to bob"
        peer.acknowledge(answer, 4)
        play.persona.stop()
        peer.part()

    status, printed = play.run(part)
    assert status is ExitStatus.LEFT
    assert printed.count("bob: ping") == 2


def test_texts_are_no_commands(server: FakeServer) -> None:
    """What a script says goes out as it is, and the script's end leaves."""
    play = Play(server, "say /who\nsay exit\nsay //")

    def part() -> None:
        peer = server.accept()
        peer.register()
        for number, text in enumerate(("/who", "exit", "//"), 1):
            message = peer.receive(Msg)
            assert message.text == text
            peer.acknowledge(message, number)
        peer.part()

    assert play.run(part)[0] is ExitStatus.LEFT
