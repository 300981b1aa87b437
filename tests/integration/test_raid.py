"""A raid on the private stack: fifty strangers flood it, pass for others and try to read a private room."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import ROOT
from tests.integration.private import Private, SecurePeer, private_stack
from tests.integration.team import Member, Team, share
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

STRANGERS = 50
#: Six people who say 40 texts each, in 24 s: 1,200 texts heard, for a p99 of twelve.
NAMES = ("ann", "ben", "cleo", "dan", "eve", "finn")
TEXTS = 40
DEN = "den"
SECRET = "the plan"  # noqa: S105  # what no stranger should read
#: Said in the test of who reads it, which may run before or after the raid.
SAID_AGAIN = f"{SECRET} again"

#: Every way to read a room, or to get into it.
ATTEMPTS: list[tuple[str, dict[str, object]]] = [
    ("JOIN", {}),
    ("JOIN", {"after": 0}),
    ("JOIN", {"password": "guess"}),
    ("HISTORY", {}),
    ("HISTORY", {"after": 0}),
    ("HISTORY", {"since": 0}),
    ("HISTORY", {"until": 1e12}),
    ("SEARCH", {"words": SECRET}),
    ("WHO", {}),
    ("TOPIC", {}),
    ("TOPIC", {"topic": "ours now"}),
    ("MSG", {"text": "let me in"}),
    ("READ", {"id": 1}),
    ("RULES", {}),
    ("RULES", {"invite_only": False}),
    ("KICK", {"name": "ann"}),
    ("LEAVE", {}),
]
#: Names that strangers may not have: of the service, the operator and an account, and what looks alike.
TAKEN = (
    *("admin", "server", "system", "\u0410dmin", "m0derator"),
    *("operator", "OPERATOR", "0perator", "\u03bfperator", "operat\u043er"),
    *("ann", "ANN", "\u0430nn", "\uff41\uff4e\uff4e", "ann\u200d"),
)


@pytest.fixture(scope="module")
def private(image: str) -> Iterator[Private]:
    """Run a private server that lets guests in, without the personas."""
    assert image
    with private_stack("COMPOSE_PROFILES=") as private:
        yield private


@pytest.fixture(scope="module")
def team(private: Private) -> Iterator[Team]:
    """Log the team in, and put it into a room of its own, which is private."""
    with contextlib.ExitStack() as ends:
        peers = [ends.enter_context(private.member(name, private.add(name))) for name in NAMES]
        owner, *others = peers
        owner.join(DEN)
        owner.send("RULES", room=DEN, invite_only=True, unlisted=True, ref="r")
        owner.until("RULES", ref="r")
        for each in others:
            owner.send("INVITE", room=DEN, name=each.name, ref=each.name)
            owner.until("INVITED", ref=each.name)
            each.join(DEN)
        owner.say(SECRET, DEN)
        for each in others:
            each.hear(SECRET, DEN)
        for each in peers:  # the raid is in the lobby; who wants quiet leaves it
            each.send("LEAVE", room="lobby", ref="l")
            each.until("LEFT", ref="l")
        yield Team([Member(each, DEN) for each in peers])


@pytest.fixture(scope="module")
def ca(private: Private, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the certificate of the CA to a file, for other programs."""
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    path.write_text(private.ca)
    return path


@contextlib.contextmanager
def raid(private: Private, ca: Path) -> Iterator[dict[str, dict[str, int]]]:
    """Let the strangers flood meanwhile; in the end the dictionary has what they tell."""
    told: dict[str, dict[str, int]] = {}
    arguments = [str(private.address[1]), str(ca), str(STRANGERS)]
    command = [sys.executable, "-m", "tests.integration.strangers", *arguments]
    process = subprocess.Popen(  # noqa: S603  # this very tree
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield told
        printed, _ = process.communicate(timeout=60)
        told |= json.loads(printed)
    finally:
        process.kill()
        process.wait()


def strangers_in_the_lobby(operator: SecurePeer) -> list[str]:
    """Return who of them is there."""
    operator.send("WHO", room="lobby", ref="w")
    names = operator.until("USERS", ref="w")["names"]
    return [name for name in names if name.startswith("stranger")]


def assert_whole(team: Team) -> None:
    """Every text of the others arrived once and in one order, without a hole."""
    everything = {text for each in team.members for text in each.said}
    for each in team.members:
        assert set(each.heard) - {SAID_AGAIN} == everything - set(each.said)
        assert len(each.ids) == len(each.heard)
        assert each.ids == sorted(set(each.ids))
        for other in team.members:
            if other is not each:
                assert [text for text in each.heard if text in other.said] == list(other.said)


def test_a_team_goes_on_talking_during_a_raid(private: Private, team: Team, ca: Path) -> None:
    """All its texts arrive, in order, while strangers flood and are banned; nobody of it is cut.

    Prints how long its texts took, which is for people: a busy machine is no fault of the server.
    """
    quiet = team.talk("quiet", TEXTS)
    with raid(private, ca) as told, private.operator() as operator:
        eventually(lambda: len(strangers_in_the_lobby(operator)) > STRANGERS // 2, 30, "the raid is on")
        raided = team.talk("raid", TEXTS)
        banned = strangers_in_the_lobby(operator)[:10]
        for name in banned:
            operator.send("BAN", name=name, room="lobby", reason="raid", ref=name)
            operator.until("BANNED", ref=name)
        assert not set(banned) & set(strangers_in_the_lobby(operator))
    assert_whole(team)
    assert set(told["rooms"]) == {"lobby"}
    assert told["codes"]["slowed down"] >= STRANGERS
    for what, each in (("quiet", quiet), ("raided", raided)):
        figures = ", ".join(f"p{percent} {share(each, percent):.2f} ms" for percent in (50, 99, 100))
        print(f"{what}: {len(each)} texts heard, {figures}")  # noqa: T201  # for people
    ratio = share(raided, 99) / share(quiet, 99)
    print(f"p99 raided / quiet: {ratio:.2f}; strangers: {told}")  # noqa: T201  # for people


@pytest.mark.parametrize("name", TAKEN)
def test_nobody_passes_for_the_operator_an_account_or_the_service(
    private: Private, team: Team, name: str
) -> None:
    """Not on coming, and not by a change of the name later."""
    assert team.members
    refusals = {"name_taken", "auth_required", "name_invalid"}
    with private.stranger() as stranger:
        stranger.until("REG_NAME")
        assert stranger.refused("REG_NAME", name=name)["code"] in refusals
    with private.stranger() as guest:
        guest.register(f"guest{TAKEN.index(name)}")
        assert guest.refused("NAME", name=name)["code"] in refusals


def test_a_private_room_is_closed_to_strangers_on_every_path(private: Private, team: Team) -> None:
    """A guest and one who was put out get an error for each question, and see nothing of the room."""
    owner = team.members[0].peer
    with private.stranger() as guest, private.stranger() as former:
        guest.register("guest-spy")
        former.register("former")
        owner.send("INVITE", room=DEN, name="former", ref="i")
        owner.until("INVITED", ref="i")
        former.join(DEN)
        owner.send("BAN", room=DEN, name="former", ref="b")
        owner.until("BANNED", ref="b")
        former.until("LEFT", room=DEN, name="former", reason="banned")
        shown = len(former.seen)
        owner.say(SAID_AGAIN, DEN, ref="again")
        owner.until("ACK", ref="again")
        for stranger in (guest, former):
            for kind, fields in ATTEMPTS:
                assert stranger.refused(kind, room=DEN, **fields)["code"] in {"not_allowed", "not_a_member"}
            stranger.send("LIST", ref="l")
            assert DEN not in {each["room"] for each in stranger.until("ROOMS", ref="l")["rooms"]}
            stranger.send("SEARCH", words=SECRET, ref="s")
            assert stranger.until("FOUND", ref="s")["messages"] == []
        assert told_of_the_den(guest.seen) == []
        assert told_of_the_den(former.seen[shown:]) == []


def told_of_the_den(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the frames, but refusals, that have anything of the private room in them."""
    told = [each for each in frames if each["type"] != "ERROR"]
    return [each for each in told if DEN in repr(each) or SECRET in repr(each)]


def test_a_banned_stranger_stays_out(private: Private) -> None:
    """Of the lobby: not under the name, not under one that looks like it, and not with the session."""
    with private.operator() as operator, private.stranger() as stranger:
        stranger.register("mallory")
        operator.send("BAN", name="mallory", room="lobby", reason="raid", ref="b")
        operator.until("BANNED", ref="b")
        stranger.until("LEFT", room="lobby", reason="banned")
        assert stranger.refused("JOIN", room="lobby")["code"] == "not_allowed"
        assert stranger.refused("MSG", room="lobby", text="still here")["code"] == "not_a_member"
        stranger.send("NAME", name="harmless", ref="n")
        stranger.until("NAME", ref="n")
        assert stranger.refused("JOIN", room="lobby")["code"] == "not_allowed"
    with private.stranger() as again:
        again.until("REG_NAME")
        again.send("REG_NAME", name="MALLORY")
        assert again.until("WELCOME")["rooms"] == []
        assert again.refused("JOIN", room="lobby")["code"] == "not_allowed"
