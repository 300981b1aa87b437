"""Names: who may have which, and that nobody can pass for another."""

import pytest

from tests.conformance.guests import Guests
from tests.support.peer import PATIENCE, fresh


def test_the_server_speaks_first(guests: Guests) -> None:
    """Its first line asks for the name and says which limits hold."""
    hello = guests.stranger().read()
    assert hello["type"] == "REG_NAME"
    assert hello["protocol"] == 1
    assert hello["server"]
    assert hello["limits"] == {
        "line_bytes": 16384,
        "name_length": 32,
        "topic_length": 256,
        "rooms_per_user": 50,
        "refs": 10000,
    }


def test_a_name_is_welcomed(guests: Guests) -> None:
    """WELCOME has the name, a session to resume with, the lobby, and the record's epoch."""
    peer = guests.stranger()
    name = fresh("ann")
    welcome = peer.register(name)
    assert welcome["name"] == name
    assert welcome["rooms"] == ["lobby"]
    assert welcome["session"]
    assert welcome["epoch"]
    assert "resumed" not in welcome


def test_a_newcomer_names_the_rooms(guests: Guests) -> None:
    """With `rooms` the lobby is not entered; with none of them no room is, and one is told things alone."""
    peer, loner = guests.stranger(), guests.stranger()
    first, second = fresh("tea"), fresh("music")
    assert peer.register(fresh("ann"), rooms=[first, second])["rooms"] == [first, second]
    assert loner.register(fresh("lee"), rooms=[])["rooms"] == []
    peer.send("DM", to=loner.name, text="psst")
    assert loner.until("DM")["text"] == "psst"
    assert not [each for each in loner.seen if each["type"] == "JOINED"]
    peer.send("WHO", room="lobby", ref="w")
    peer.until("ERROR", code="not_a_member", ref="w")


def test_who_was_in_no_room_comes_back_to_none(guests: Guests) -> None:
    """If it says again that it wants none; another client finds itself in the lobby."""
    loner = guests.stranger()
    loner.register(fresh("lee"), rooms=[])
    loner.close()
    for rooms, expected in (([], []), (None, ["lobby"])):
        back = guests.stranger()
        welcome = back.register(loner.name, session=loner.session, rooms=rooms)
        assert (welcome["resumed"], welcome["rooms"]) == (True, expected)
        back.close()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "MSG", "text": "x"},
        {"type": "DM", "to": "a", "text": "x"},
        {"type": "JOIN", "room": "r"},
        {"type": "LEAVE"},
        {"type": "NAME", "name": "n"},
        {"type": "TOPIC"},
        {"type": "WHO"},
        {"type": "LIST"},
        {"type": "HISTORY"},
    ],
    ids=lambda message: message["type"],
)
def test_without_a_name_nothing_is_allowed(guests: Guests, message: dict[str, str]) -> None:
    """Every message that needs a name is refused until it is given, and the name may still be given."""
    peer = guests.stranger()
    peer.send(message.pop("type"), **message)
    peer.until("ERROR", code="not_registered")
    peer.send("REG_NAME", name=fresh("late"))
    peer.until("WELCOME")


def test_without_a_name_ping_and_exit_work(guests: Guests) -> None:
    """A health check needs no name."""
    peer = guests.stranger()
    peer.fence()
    peer.send("EXIT")
    assert peer.bye() == "exit"


def test_a_second_registration_is_refused(guests: Guests) -> None:
    """REG_NAME comes once; the name stays as it was."""
    peer = guests()
    peer.send("REG_NAME", name=fresh("other"))
    peer.until("ERROR", code="already_registered")
    peer.send("WHO", room="lobby")
    assert peer.name in peer.until("USERS")["names"]


def variants(name: str) -> list[str]:
    """Return spellings that a reader takes for the same name."""
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in name)
    return [name, name.upper(), wide, wide.upper(), f"  {name} "]


@pytest.mark.parametrize("spelling", range(5), ids=["same", "case", "width", "both", "space"])
def test_a_name_that_reads_the_same_is_taken(guests: Guests, spelling: int) -> None:
    """Case, width and space around make no other name; another try with another name succeeds."""
    holder = guests(name="dave")
    impostor = guests.stranger()
    impostor.send("REG_NAME", name=variants(holder.name)[spelling])
    impostor.until("ERROR", code="name_taken")
    impostor.send("REG_NAME", name=fresh("else"))
    impostor.until("WELCOME")


@pytest.mark.parametrize("spelling", range(5), ids=["same", "case", "width", "both", "space"])
def test_a_change_of_name_cannot_impersonate_either(guests: Guests, spelling: int) -> None:
    """NAME follows the same rules as REG_NAME."""
    holder, impostor = guests(name="dave"), guests()
    impostor.send("NAME", name=variants(holder.name)[spelling], ref="n")
    assert impostor.until("ERROR", code="name_taken")["ref"] == "n"


def test_case_folding_goes_beyond_lower_case(guests: Guests) -> None:
    """The sharp s is two s: Unicode's own folding decides, not the letters' look in ASCII."""
    stem = fresh("stra")
    holder, impostor = guests.stranger(), guests.stranger()
    holder.register(f"{stem}ße")
    impostor.send("REG_NAME", name=f"{stem}SSE")
    impostor.until("ERROR", code="name_taken")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "x" * 33,
        "a b",
        "a\nb",
        "a\0b",
        "a\x1b[31mb",
        "a\u200bb",
        "a\u202eb",
        "a\u0085b",
        "\u0301a",
        "a/b",
        "#room",
        "<b>",
        "a\u00a0b",
        "\ufdfa" * 4,
    ],
)
def test_a_name_that_could_mislead_is_refused(guests: Guests, name: str) -> None:
    """Empty, too long, spaces, controls, invisible and format characters: an error and another try."""
    peer = guests.stranger()
    peer.send("REG_NAME", name=name)
    peer.until("ERROR", code="name_invalid")
    peer.send("REG_NAME", name=fresh("good"))
    peer.until("WELCOME")


@pytest.mark.parametrize(
    "name", ["x" * 32, "Zoë", "Ольга", "李雷", "مريم", "o'neil.jr-x_y+z", "🦊", "[d]{a}|v^e`"]
)
def test_names_of_all_scripts_are_fine(guests: Guests, name: str) -> None:
    """Letters, marks, digits and emoji of any script make a name."""
    peer = guests.stranger()
    assert peer.register(name)["name"] == name
    peer.send("EXIT")
    assert peer.bye() == "exit"


def test_a_change_of_name_is_told_once(guests: Guests, room: str) -> None:
    """Who shares two rooms hears of it once; the answer carries the ref; the old name is free."""
    changer, other = guests(room), guests(room)
    old, new = changer.name, fresh("new")
    changer.send("NAME", name=new, ref="n")
    assert changer.until("NAME", ref="n") == {"type": "NAME", "old": old, "name": new, "ref": "n"}
    other.until("NAME", old=old, name=new)
    changer.say("it is me", room)
    assert other.hear("it is me", room)["from"] == new
    assert [each for each in other.seen if each["type"] == "NAME"] == [
        {"type": "NAME", "old": old, "name": new}
    ]
    guests.stranger().register(old)


def test_one_may_change_the_case_of_the_own_name(guests: Guests) -> None:
    """A spelling that reads the same is no collision with oneself."""
    peer = guests(name="dave")
    peer.send("NAME", name=peer.name.upper(), ref="n")
    assert peer.until("NAME", ref="n")["name"] == peer.name.upper()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_name_is_kept_for_who_lost_the_connection(guests: Guests, room: str, how: str) -> None:
    """The room knows that somebody left; the name and what is said to it wait for the session."""
    stayer, leaver = guests(room), guests(room)
    getattr(leaver, how)()
    stayer.until("LEFT", room=room, name=leaver.name)
    stranger = guests.stranger()
    stranger.send("REG_NAME", name=leaver.name)
    assert stranger.until("ERROR")["code"] == "name_taken"
    stayer.send("DM", to=leaver.name, text="the secret", ref="1")
    assert "room" not in stayer.until("ACK", ref="1")
    stranger.send("REG_NAME", name=leaver.name, session=leaver.session, after={room: 0})
    assert stranger.until("WELCOME")["resumed"] is True
    assert stranger.until("DM")["text"] == "the secret"


@pytest.mark.parametrize("how", ["EXIT"])
def test_a_name_is_free_once_its_holder_has_left(guests: Guests, room: str, how: str) -> None:
    """No ghost: the room and the name know it."""
    stayer, leaver = guests(room), guests(room)
    if how == "EXIT":
        leaver.send("EXIT")
    else:
        getattr(leaver, how)()
    stayer.until("LEFT", room=room, name=leaver.name)
    stayer.send("WHO", room=room)
    assert stayer.until("USERS")["names"] == [stayer.name]
    newcomer = guests.stranger()
    newcomer.socket.settimeout(PATIENCE)
    while True:  # the name is let go just after the rooms are
        newcomer.send("REG_NAME", name=leaver.name)
        answer = newcomer.read()
        while answer["type"] not in ("WELCOME", "ERROR"):
            answer = newcomer.read()
        if answer["type"] == "WELCOME":
            break
        assert answer["code"] == "name_taken"
