"""What a person sees, and where the person is."""

import threading
import time

import pytest

from chat_client.protocol.events import DirectSaid, Event, LeftOut, Lost, Registered, Said
from chat_client.ui.paint import Painter
from chat_client.ui.view import NAMES_REMEMBERED, View
from chat_protocol.moderation_messages import Ignored
from chat_protocol.server_messages import (
    Bye,
    DmFrame,
    Found,
    HistoryFrame,
    Joined,
    Left,
    NameChanged,
    Notice,
    Users,
)
from tests.support.fake_server import DEADLINE, entered, said


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show times as they are in UTC, wherever the tests run."""
    monkeypatch.setattr("chat_client.ui.wording.time.localtime", time.gmtime)


class Screen:
    """A view, and what it wrote."""

    def __init__(self, *, colours: bool = False) -> None:
        self.text = ""
        self.view = View(self._write, Painter(colours=colours))
        self.view.show([Registered("dave", "e1", ("lobby",)), entered()])
        self.text = ""

    def shows(self, *events: Event) -> list[str]:
        """Return the lines these events add, but for the day."""
        self.text = ""
        self.view.show(events)
        return [line for line in self.text.splitlines() if not line.endswith("1970 ---")]

    def _write(self, text: str) -> None:
        self.text += text


@pytest.fixture
def screen() -> Screen:
    """Return the screen of one who is in the lobby."""
    return Screen()


def test_entering_turns_to_the_room(screen: Screen) -> None:
    """One is turned to the room entered last, and told how many are there and what it is about."""
    joined = Joined(room="tea", name="dave", members=4, topic="Assam", last=0)
    assert screen.shows(joined) == ["-- you are in tea, 4 here; topic: Assam"]
    assert (screen.view.room, screen.view.rooms) == ("tea", ("lobby", "tea"))


def test_a_return_turns_to_no_other_room(screen: Screen) -> None:
    """After a backoff all rooms are entered again; one stays turned to the same."""
    screen.shows(entered("tea"))
    screen.view.turn_to("lobby")
    screen.shows(entered("lobby"), entered("tea"))
    assert screen.view.room == "lobby"


def test_leaving_turns_to_the_room_before(screen: Screen) -> None:
    """Who leaves a room is told where the next words go, or that there is nowhere."""
    screen.shows(entered("tea"))
    assert screen.shows(Left(room="tea", name="dave", reason="left")) == [
        "-- you left tea; you are turned to lobby"
    ]
    assert screen.shows(Left(room="lobby", name="dave", reason="left")) == ["-- you left lobby; /join a room"]
    assert screen.view.room is None


def test_presence_of_others(screen: Screen) -> None:
    """Who comes and goes is told, with the room where it is not the one turned to."""
    assert screen.shows(
        Joined(room="lobby", name="bob"),
        Joined(room="tea", name="eve"),
        NameChanged(old="bob", name="rob"),
        Left(room="lobby", name="rob", reason="exit"),
    ) == ["-- bob joined", "-- eve joined tea", "-- bob is now rob", "-- rob left"]
    assert screen.view.names == ("eve",)


def test_a_room_says_who_set_its_topic(screen: Screen) -> None:
    """And when, to whoever enters."""
    ale = Joined(room="ale", name="dave", topic="stout", last=0, topic_by="eve", topic_ts=0.0)
    (line,) = screen.shows(ale)
    assert line == "-- you are in ale, 1 here; topic: stout (set by eve, 01 Jan 00:00)"


def test_last_words_are_shown(screen: Screen) -> None:
    """Of whoever goes; not of those who are ignored, nor across lines."""
    assert screen.shows(
        Left(room="lobby", name="rob", reason="exit", text="good night"),
        Left(room="tea", name="eve", reason="kicked", by="ann", text="spam"),
        Ignored(["mal"]),
        Left(room="lobby", name="mal", reason="left", text="spam"),
    ) == [
        "-- rob left: good night",
        "-- eve left tea (put out by ann: spam)",
        "-- you ignore: mal",
        "-- mal left",
    ]
    assert len(screen.shows(Left(room="lobby", name="rob", reason="left", text="one\n-- two"))) == 1


def test_the_own_name_follows(screen: Screen) -> None:
    """After a change of name the new one is the own one."""
    assert screen.shows(NameChanged(old="dave", name="david")) == ["-- you are now david"]
    assert "turned" in screen.shows(entered("tea"), Left(room="tea", name="david", reason="left"))[1]


def test_days_are_told_apart(screen: Screen) -> None:
    """A new day stands before its first message, once."""
    screen.view.show([Said(said(1)), Said(said(2)), Said(said(3, ts=86400.0))])
    assert [line for line in screen.text.splitlines() if line.startswith("---")] == [
        "--- Thursday, 01 January 1970 ---",
        "--- Friday, 02 January 1970 ---",
    ]


def test_one_is_called_by_name() -> None:
    """A message with one's name in it stands out; one's own does not, nor a word that has it in it."""
    screen = Screen(colours=True)
    screen.view.show([Said(said(1, "hello Dave!"))])
    assert "\x1b[1mhello Dave!" in screen.text
    screen.view.show([Said(said(2, "dave here", "dave")), Said(said(3, "davenport"))])
    assert "\x1b[1mdave" not in screen.text


def test_names_are_remembered_for_completion(screen: Screen) -> None:
    """The names seen last come first, and there is an end to it."""
    screen.shows(Users(room="lobby", names=["a", "b"], total=2), Said(said(1, sender="a")))
    assert screen.view.names == ("a", "b")
    screen.shows(*(Joined(room="lobby", name=f"n{number}") for number in range(NAMES_REMEMBERED)))
    assert len(screen.view.names) == NAMES_REMEMBERED


def test_direct_messages_name_their_partner(screen: Screen) -> None:
    """Who writes to one can be answered with the Tab key."""
    frame = DmFrame(sender="bob", to="dave", text="psst", id=1, ts=0)
    assert screen.shows(DirectSaid(frame)) == ["00:00 bob to you: psst"]
    assert screen.view.names == ("bob",)


def test_history(screen: Screen) -> None:
    """A page tells how to see the page before it, where there is one."""
    page = HistoryFrame(room="lobby", messages=[said(4), said(5)], more=True)
    assert screen.shows(page) == [
        "-- history of lobby:",
        "00:00 bob: hi",
        "00:00 bob: hi",
        "-- end of history; /history 2 before 4 shows earlier ones",
    ]
    nothing = HistoryFrame(room="lobby", messages=[], more=False)
    assert screen.shows(nothing) == ["-- nothing was said in lobby there"]


def test_what_was_found(screen: Screen) -> None:
    """The oldest comes first, as everywhere else, with its room where that is another."""
    found = Found(messages=[said(9, room="tea"), said(4)])
    assert screen.shows(found) == ["00:00 bob: hi", "00:00 [tea] bob: hi", "-- found: 2"]
    assert screen.shows(Found(messages=[])) == ["-- nothing was found"]


def test_a_farewell_is_not_told_twice(screen: Screen) -> None:
    """A BYE that says what the NOTICE before it said adds nothing."""
    bye = Bye(reason="server_shutdown", text="stopping")
    assert screen.shows(Notice(text="stopping"), bye) == ["** stopping"]
    assert screen.shows(Notice(text="another"), bye) == ["** another", "** stopping"]


def test_a_batch_is_written_at_once(screen: Screen) -> None:
    """Lines of two threads are not mixed: each batch is one write."""
    writes: list[str] = []
    view = View(writes.append, Painter(colours=False))
    start = threading.Barrier(2)

    def show(name: str) -> None:
        start.wait(DEADLINE)
        for _ in range(20):
            view.show([Joined(room="lobby", name=name)] * 3)

    threads = [threading.Thread(target=show, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert sorted(writes) == [f"-- {name} joined lobby\n" * 3 for name in "ab" for _ in range(20)]
    del screen


def test_own_remarks() -> None:
    """What the client itself says is told apart from what others say."""
    writes: list[str] = []
    view = View(writes.append, Painter(colours=False))
    view.tell("one", "two")
    view.problem("broken\x1b")
    assert writes == ["-- one\n-- two\n", "!! broken␛\n"]


def test_history_ends_where_it_ends(screen: Screen) -> None:
    """What was said before one came is told apart from what follows, also without colours."""
    past = [Said(said(number, room="tea"), replayed=True) for number in (1, 2)]
    assert screen.shows(entered("tea", last=2), *past, Said(said(3, room="tea")))[1:] == [
        "00:00 bob: hi",
        "00:00 bob: hi",
        "--- said while you were not here, up to this ---",
        "00:00 bob: hi",
    ]


def test_why_a_connection_ends_is_told_once(screen: Screen) -> None:
    """The loss that follows a farewell does not repeat it; a later loss has a reason of its own."""
    bye = Bye(reason="ping_timeout", text="no answer")
    assert screen.shows(bye, Lost("no answer", 0.0, 1), Lost("no answer", 3.0, 2)) == [
        "** your connection did not answer in time",
        "!! not connected; trying again now",
        "!! not connected: no answer; trying again in 3 s",
    ]


def test_remarks_fit_a_terminal(screen: Screen) -> None:
    """They break between words, so they can be read at any width; what was said stays whole."""
    screen.view.fits = True
    screen.view.columns = lambda: 24
    lines = screen.shows(Left(room="lobby", name="bob", reason="peer_reset"), Said(said(1, "x " * 30)))
    assert lines == ["-- bob left (connection", "   lost)", "00:00 bob: " + "x " * 30]


def test_a_return_is_quiet(screen: Screen) -> None:
    """Rooms that are entered again after a loss are not told one by one."""
    assert screen.shows(entered("lobby"), entered("tea"), entered("lobby")) == ["-- you are in tea, 1 here"]


def test_rooms_that_are_lost_are_not_spoken_in(screen: Screen) -> None:
    """Nor is any other room: what is meant for the one must not be said in another."""
    assert screen.shows(entered("lobby"), entered("tea"), entered("jazz"))
    left_out = LeftOut(("jazz", "lobby"), "the server lets you be in 1 rooms now")
    assert screen.shows(left_out) == [
        "!! you are no longer in jazz, lobby: the server lets you be in 1 rooms now"
    ]
    assert (screen.view.room, screen.view.rooms) == (None, ("tea",))
