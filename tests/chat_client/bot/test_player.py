"""How scripts are played."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from chat_client.bot.player import BETWEEN_SECONDS, COOLDOWNS_REMEMBERED, CROWD_SECONDS, Deed, Player, Speech
from chat_client.bot.script import Enter, Finish, parse_script, read_script
from chat_client.protocol.events import Event, Said
from chat_protocol.server_messages import Joined
from tests.support.fake_server import entered, said

PERSONAS = sorted((Path(__file__).parents[3] / "demo" / "scripts").glob("*.script"))


class Stage:
    """A player with a clock of its own."""

    def __init__(self, text: str, seed: int = 1) -> None:
        self.now = 100.0
        self.player = Player(parse_script(text), random.Random(seed), self.now)

    def until(self, seconds: float) -> list[tuple[float, Deed]]:
        """Play so many seconds; return what was done, and after how many of them."""
        start, end = self.now, self.now + seconds
        deeds: list[tuple[float, Deed]] = []
        while (due := self.player.due) is not None and due <= end:
            self.now = max(self.now, due)
            deeds += [(self.now - start, deed) for deed in self.player.play(self.now)]
        self.now = end
        return deeds

    def texts(self, seconds: float) -> list[str]:
        """Play so many seconds; return what was said."""
        return [deed.text for _, deed in self.until(seconds) if isinstance(deed, Speech)]

    def hear(self, *events: Event) -> None:
        """Hear what happens now."""
        for event in events:
            self.player.hear(event, self.now)


def test_plays_in_time() -> None:
    """Steps are done one after the other, with the pauses between; the end leaves."""
    stage = Stage("say a\npause 2\nme b\npause 3\njoin tea\nsay c")
    assert stage.until(10) == [
        (0, Speech("a", action=False, room=None)),
        (2, Speech("b", action=True, room=None)),
        (5, Enter("tea")),
        (5, Speech("c", action=False, room="tea")),
        (5, Finish()),
    ]
    assert stage.player.due is None


def test_exit_ends_before_the_end() -> None:
    """Nothing is done after it."""
    assert [type(deed) for _, deed in Stage("exit\nsay never").until(10)] == [Finish]


def test_loops() -> None:
    """A loop goes back so many times, and an outer one begins it anew."""
    assert Stage("say a\nbegin\nsay b\npause 1\nloop 2\nsay c").texts(10) == ["a", "b", "b", "b", "c"]
    stage = Stage("begin\nsay a\npause 1\nloop 1\nsay b\nloop")
    assert stage.texts(4.5) == ["a", "a", "b", "a", "a", "b", "a"]


def test_a_late_wake_does_not_make_a_burst() -> None:
    """A player that was kept from playing goes on from now; it does not make up for it."""
    stage = Stage("say a\npause 1\nloop")
    stage.texts(0)
    assert len(stage.player.play(stage.now + 1000)) == 1


def test_alternatives_do_not_repeat_in_a_row() -> None:
    """Each time another of the texts is said."""
    texts = Stage("say a | b | c\npause 1\nloop").texts(60)
    assert set(texts) == {"a", "b", "c"}
    assert all(one != other for one, other in pairwise(texts))


def test_reacts_to_what_is_said() -> None:
    """After the wait, in the room where it was said, with who and what filled in."""
    stage = Stage("on /(tea|coffee)/ wait 2 say {name} likes {1}")
    stage.hear(Said(said(1, "Any COFFEE left?", room="kitchen")))
    assert stage.until(10) == [(2, Speech("bob likes COFFEE", action=False, room="kitchen"))]


def test_reacts_to_who_enters() -> None:
    """Somebody else's entering is greeted, one's own is not."""
    stage = Stage("on join say Hi {name}")
    stage.hear(entered("lobby", name="alice"), Joined(room="tea", name="bob"))
    assert stage.until(5) == [(0, Speech("Hi bob", action=False, room="tea"))]


def test_does_not_react_to_the_past_or_to_itself() -> None:
    """What was said before it came, and what it said, is no cue."""
    stage = Stage("on /x/ say x")
    stage.hear(Said(said(1, "x"), replayed=True), Said(said(2, "x"), own=True))
    assert stage.texts(10) == []


def test_does_not_answer_a_notice() -> None:
    """Two programs never talk to each other without end."""
    stage = Stage("on /x/ say x")
    notice = said(1, "x")
    notice.notice = True
    stage.hear(Said(notice))
    assert stage.texts(10) == []


def test_the_first_reaction_that_fits_is_the_only_one() -> None:
    """One message brings one answer; a resting one lets the next through."""
    stage = Stage("on /tea/ say one\non /te/ say two")
    stage.hear(Said(said(1, "tea")))
    assert stage.texts(BETWEEN_SECONDS) == ["one"]
    stage.hear(Said(said(2, "tea")))
    assert stage.texts(BETWEEN_SECONDS) == ["two"]


def test_a_reaction_rests() -> None:
    """It comes once in its cooldown, whoever gives the cue."""
    stage = Stage("cooldown 10\non /tea/ say yes")
    heard = []
    for second in range(25):
        stage.hear(Said(said(second + 1, "tea", sender=f"n{second}")))
        heard += [second] * len(stage.texts(1))
    assert heard == [0, 10, 20]


def test_each_name_is_greeted_once_in_a_while() -> None:
    """Somebody with a bad connection is not greeted each time, and others are greeted meanwhile."""
    stage = Stage("cooldown 60\non join say Hi {name}")
    texts = []
    for name in ("bob", "Bob", "eve", "bob"):
        stage.hear(Joined(room="lobby", name=name))
        texts += stage.texts(CROWD_SECONDS)
    assert texts == ["Hi bob", "Hi eve"]


def test_a_crowd_is_not_greeted_one_by_one() -> None:
    """However many come at once, a persona does not flood the room."""
    stage = Stage("on join say Hi {name}")
    stage.hear(*(Joined(room="lobby", name=f"n{number}") for number in range(COOLDOWNS_REMEMBERED * 2)))
    assert len(stage.texts(10)) == 1


def test_two_personas_do_not_answer_each_other_for_ever() -> None:
    """Scripts that fit each other stay within their cooldowns."""
    text = "cooldown 20\non /ping/ say pong ping"
    stages = [Stage(text, seed) for seed in (1, 2)]
    stages[0].hear(Said(said(1, "ping")))
    count = 0
    for _second in range(200):
        for stage, other in (stages, stages[::-1]):
            for spoken in stage.texts(1):
                count += 1
                other.hear(Said(said(count + 1, spoken)))
    assert count <= 2 * 200 / 20


@pytest.mark.parametrize("path", PERSONAS, ids=lambda path: path.stem)
def test_the_personas_keep_a_measure(path: Path) -> None:
    """Even where every line fits a cue, a persona leaves room for the others."""
    stage = Stage("pause 1")
    stage.player = Player(read_script(str(path)), random.Random(1), stage.now)
    everything = "hello bob, carol, alice? who else is here? bye, thank you! how do I quit? story? tea?"
    spoken = 0
    for second in range(600):
        stage.hear(Said(said(second + 1, everything)), Joined(room="lobby", name=f"n{second}"))
        spoken += len(stage.texts(1))
    assert 60 < spoken < 400
