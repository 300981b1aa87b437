"""Passing for somebody else, and names that do more than name."""

import pytest

from chat_client.sanitize import visible
from chat_protocol.reasons import CloseReason
from chat_server.config import Config
from tests.conformance.guests import Guests
from tests.conformance.running import Running
from tests.security.table import row
from tests.support.peer import Peer, fresh

#: C0, DEL, C1, bidirectional controls, line and paragraph separators, invisible ones, tags without a flag.
CONTROLS = [
    *("\x00", "\x07", "\x1b[31m", "\n", "\x7f", "\x85", "\x9b31m"),
    *("\u202e", "\u2066", "\u061c", "\u200e", "\u2028", "\u2029", "\u200b", "\ufeff", "\U000e0041"),
]


@row("C0, C1, DEL and bidi in names", defence="refused: letters, digits and a few signs alone")
@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_c0_c1_del_and_bidi_in_names(server: Running, guests: Guests, control: str) -> None:
    """At registration, in a change, and in the name of a room; none of it is in the log."""
    stranger = guests.stranger()
    stranger.send("REG_NAME", name=f"a{control}b")
    stranger.until("ERROR", code="name_invalid")
    peer = guests()
    peer.send("NAME", name=f"a{control}b")
    peer.until("ERROR", code="name_invalid")
    peer.send("JOIN", room=f"a{control}b")
    peer.until("ERROR", code="room_invalid")
    assert control not in "".join(line.removesuffix("\n") for line in server.lines)


@row("C0, C1, DEL and bidi in topics and texts", defence="the client shows them, and obeys none")
@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_c0_c1_del_and_bidi_in_topics_and_texts(
    server: Running, guests: Guests, room: str, control: str
) -> None:
    """They go through the server as they are, never into its log; C0 only as JSON's escapes."""
    listener, speaker = guests(room), guests(room)
    speaker.send("TOPIC", topic=f"a{control}b", room=room)
    topic = listener.until("TOPIC", room=room)["topic"]
    assert topic == f"a{control}b"
    assert control not in visible(topic).split("\n")
    assert [each for each in visible(topic) if not each.isprintable()] in ([], ["\n"])
    assert "a" + control + "b" not in "".join(server.lines)


@row("C0, C1, DEL and bidi on leaving", defence="a reason is a word of a list; the client shows last words")
@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_c0_c1_del_and_bidi_on_leaving(guests: Guests, room: str, control: str) -> None:
    """Of a room or the chat: the others hear a word that they know, and beside it what was said as it is."""
    stayer, leaver = guests(room), guests(room)
    leaver.send("LEAVE", room=room, reason=f"a{control}b", text=control)
    assert stayer.until("LEFT", room=room)["reason"] == "left"
    leaver.send("EXIT", reason=f"a{control}b", text=control)
    assert leaver.bye() == "exit"
    left = stayer.until("LEFT", room="lobby", name=leaver.name)
    assert left["reason"] in [*CloseReason]
    assert set(left) == {"type", "room", "name", "reason", "text"}
    assert left["text"] == control
    assert [each for each in visible(left["text"]) if not each.isprintable()] in ([], ["\n"])


@row("a name with a slash", defence="refused by the server; the client makes no path of any name")
@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "/", "..", "a\\b", "C:", "~root", "$HOME", "a\0"]
)
def test_a_name_with_a_slash(guests: Guests, name: str) -> None:
    """Of a person and of a room."""
    peer = guests()
    peer.send("NAME", name=name)
    peer.until("ERROR", code="name_invalid")
    peer.send("JOIN", room=name)
    peer.until("ERROR", code="room_invalid")


def spellings(name: str) -> list[str]:
    """Return what a name may be written as and still be the same."""
    wide = "".join(chr(ord(each) + 0xFEE0) if each.isascii() else each for each in name)
    return [name, name.upper(), wide, f" {name} ", name[0] + "\ufe0f" + name[1:], name.title()]


@row(
    "another's name through a rename",
    defence="compared after NFKC and case folding; invisible signs do not count",
)
def test_another_s_name_through_a_rename(guests: Guests) -> None:
    """In no spelling; and whoever tries keeps the own name."""
    victim, offender = guests(name="victim"), guests(name="offender")
    for name in spellings(victim.name):
        offender.send("NAME", name=name, ref=name)
        offender.until("ERROR", code="name_taken", ref=name)
    offender.say("who am I?")
    assert victim.hear("who am I?")["from"] == offender.name


#: Latin letters, and letters of other scripts that are drawn like them.
ALIKE = str.maketrans("aeopcyx", "\u0430\u0435\u03bf\u0440\u0441\u0443\u0445")


@row(
    "homoglyphs of somebody present and of an operator",
    defence="compared by what they look like (UTS 39); the service's names are kept",
)
@pytest.mark.parametrize("kind", ["REG_NAME", "NAME"])
def test_homoglyphs_of_somebody_present_and_of_an_operator(guests: Guests, kind: str) -> None:
    """At registration and in a change; whoever tries has no name, or keeps the own one."""
    victim = guests(name="peacock")
    alike = victim.name.translate(ALIKE)
    assert alike != victim.name
    stranger = guests.stranger() if kind == "REG_NAME" else guests()
    for name in (alike, "admin", "ADM1N", "server".translate(ALIKE), "moderator"):
        stranger.send(kind, name=name)
        assert stranger.until("ERROR")["code"] in {"name_taken", "name_invalid"}, name
    victim.fence()


@row(
    "another's name after the connection broke",
    defence="kept for the session that has it",
    default=f"{Config.name_hold:g} s",
)
def test_another_s_name_after_the_connection_broke(guests: Guests) -> None:
    """Nobody slips in between; the one who comes back has the name."""
    victim, offender, witness = guests(name="victim"), guests(), guests()
    victim.reset()
    witness.until("LEFT", name=victim.name)
    for name in spellings(victim.name):
        offender.send("NAME", name=name, ref=name)
        offender.until("ERROR", code="name_taken", ref=name)
    back = guests.stranger()
    assert back.register(victim.name, session=victim.session)["resumed"] is True


@row("another's name through a resume", defence="168 random bits and a signature; a session has one name")
def test_another_s_name_through_a_resume(guests: Guests) -> None:
    """With no token, a guessed one, one that is nearly right, and with one's own."""
    victim, offender = guests(name="victim"), guests()
    token = victim.session
    flawed = [token[:-1] + ("A" if token[-1] != "A" else "B"), ("A" if token[0] != "A" else "B") + token[1:]]
    for session in (
        "",
        "x" * len(token),
        token[:-1],
        token + "A",
        token.swapcase(),
        *flawed,
        offender.session,
    ):
        if session == offender.session:
            offender.close()
        stranger = guests.stranger()
        stranger.send("REG_NAME", name=victim.name, session=session)
        stranger.until("ERROR", code="name_taken")
        stranger.close()
    victim.fence()
    assert not [each for each in victim.seen if each["type"] == "BYE"]


def told(peer: Peer, text: str) -> bool:
    """Tell whether somebody has heard this by now."""
    return text in repr(peer.fence()) or text in repr(peer.seen)


@row("a session token after logout", defence="EXIT ends the session for good", default="within one run")
def test_a_session_token_after_logout(guests: Guests, room: str) -> None:
    """It brings neither the rooms nor the direct messages, and the new session has another token."""
    owner, friend = guests(room), guests(room)
    friend.send("DM", to=owner.name, text="a secret", ref="dm")
    owner.until("DM")
    owner.send("EXIT")
    assert owner.bye() == "exit"
    thief = guests.stranger()
    welcome = thief.register(fresh("thief"), session=owner.session, after={room: 0, "@": 0})
    assert welcome["resumed"] is False
    assert welcome["rooms"] == ["lobby"]
    assert welcome["session"] != owner.session
    assert not told(thief, "a secret")
