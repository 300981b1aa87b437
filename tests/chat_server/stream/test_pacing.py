"""The measured numbers, and the variant that does without them."""

from dataclasses import fields

import pytest

from chat_server.stream.pacing import MEASURED, PLAIN, Pacing
from tests.support.world import Clock, World


def test_each_number_says_its_unit() -> None:
    """A duration and a size in its name; the others are counts and a switch."""
    for field in fields(Pacing):
        unit = field.name.rpartition("_")[2]
        assert unit in {"seconds", "bytes", "member", "members", "rests", "tries", "yields"}, field.name


@pytest.mark.parametrize("pacing", [MEASURED, PLAIN], ids=["measured", "plain"])
def test_what_is_said_at_once_arrives_whole(pacing: Pacing) -> None:
    """In one pass or in many, with turns or without."""
    world = World(pacing=pacing, clock=Clock(step=0.001))
    ann, bob = world.clients("ann", "bob")
    ann.say(*map(str, range(500)))
    while world.jobs.work():
        pass
    assert bob.outbox.ids() == list(range(1, 501))


def test_plain_makes_nobody_wait_for_others() -> None:
    """Each publication is a pass of its own, and whoever begins ends it."""
    others = []
    world = World(pacing=PLAIN, clock=Clock(step=1.0), others=lambda: others.append(1))
    ann, bob = world.clients("ann", "bob")
    world.commit.journal.costly = True
    for text in ("one", "two"):
        ann.say(text)
    assert (len(bob.outbox.pushed), world.jobs.waiting, others) == (2, [], [])
