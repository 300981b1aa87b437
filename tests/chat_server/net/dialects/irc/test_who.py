"""Who is there: WHO with WHOX, USERHOST, ISON."""

from chat_protocol.messages import Who
from chat_protocol.people_messages import Person, PersonRoom, UserProfile, Whois
from chat_protocol.server_messages import Joined, Users
from tests.chat_server.net.dialects.irc.support import Talk, ref_of

END = "that is all"
PLACE = "user hidden.chat server.chat"


def users(ref: str, room: str = "tea") -> Users:
    """Return three who are in a room."""
    return Users(
        room,
        ["ann", "bob", "cat"],
        3,
        ref,
        accounts=[1],
        roles={"operator": [1], "speaker": [2]},
        profiles=[UserProfile(1, "Bob B.", "out"), UserProfile(2, bot=True)],
    )


def test_those_in_a_room() -> None:
    """Whether they are away, what they may, what they are called."""
    talk = Talk()
    talk.welcome()
    talk.say("WHO #Tea")
    (who,) = talk.asked()
    assert who == Who("tea", ref_of(who), profiles=True)
    assert talk.hear(users(ref_of(who))) == [
        f":server.chat 352 ann #tea {PLACE} ann H :0 ann",
        f":server.chat 352 ann #tea {PLACE} bob G*@ :0 Bob B.",
        f":server.chat 352 ann #tea {PLACE} cat HB+ :0 cat",
        f":server.chat 315 ann #Tea :{END}",
    ]


def test_what_is_asked_for_alone() -> None:
    """In its own order, whatever order it is asked for in."""
    talk = Talk()
    talk.welcome()
    talk.say("WHO #tea %natf,42", "WHO bob %tcuihsnfdlaor,123", "WHO #tea %n")
    some, everything, nicks = talk.asked()
    assert talk.hear(users(ref_of(some)))[:2] == [
        ":server.chat 354 ann 42 ann H :0",
        ":server.chat 354 ann 42 bob G*@ :bob",
    ]
    person = Person("bob", 1.0, 7.9, [PersonRoom("tea", "owner")], account=True, realname="Bob B.")
    person.ref = ref_of(everything)
    place = "#tea user 255.255.255.255 hidden.chat server.chat"
    assert talk.hear(person) == [
        f":server.chat 354 ann 123 {place} bob H@ 0 7 bob n/a :Bob B.",
        f":server.chat 315 ann bob :{END}",
    ]
    assert talk.hear(users(ref_of(nicks)))[0] == ":server.chat 354 ann :ann"


def test_one_by_the_nick() -> None:
    """Wherever they are; of nobody nothing is told."""
    talk = Talk()
    talk.welcome()
    talk.say("WHO bob", "WHO nobody")
    bob, nobody = talk.asked()
    assert bob == Whois("bob", ref_of(bob))
    assert talk.hear(Person("bob", 1.0, 0.0, [], ref=ref_of(bob))) == [
        f":server.chat 352 ann * {PLACE} bob H :0 bob",
        f":server.chat 315 ann bob :{END}",
    ]
    assert talk.refuse(nobody, "no_such_user") == [f":server.chat 315 ann nobody :{END}"]


def test_masks_are_looked_for_in_ones_own_rooms() -> None:
    """And each who fits is told of once."""
    talk = Talk()
    talk.welcome()
    assert talk.say("WHO *") == [f":server.chat 315 ann * :{END}"]
    for room in ("tea", "cake"):
        talk.hear(Joined(room, "ann", 1, last=0))
    talk.say("PONG x")
    talk.asked()
    talk.say("WHO ?at", "WHO")
    cake, tea, other, _ = talk.asked()
    assert talk.hear(users(ref_of(cake), "cake")) == []
    assert talk.hear(users(ref_of(tea))) == [
        f":server.chat 352 ann #cake {PLACE} cat HB+ :0 cat",
        f":server.chat 315 ann ?at :{END}",
    ]
    assert talk.refuse(other, "not_a_member") == []


def test_who_of_these_is_here() -> None:
    """By their nicks alone, or with their hosts."""
    talk = Talk()
    talk.welcome()
    shown = talk.irc.feed(b"ISON bob nobody :cat\r\nUSERHOST bob\r\n")
    bob, nobody, cat, first, host, second = shown
    lines = talk.hear(Person("bob", 1.0, 0.0, [], ref=ref_of(bob)))
    lines += talk.refuse(nobody, "no_such_user")
    lines += talk.hear(Person("cat", 1.0, 0.0, [], ref=ref_of(cat)))
    lines += talk.take([first])
    lines += talk.hear(Person("bob", 1.0, 0.0, [], operator=True, away="out", ref=ref_of(host)))
    lines += talk.take([second])
    assert lines == [":server.chat 303 ann :bob cat", ":server.chat 302 ann :bob*=-user@hidden.chat"]
