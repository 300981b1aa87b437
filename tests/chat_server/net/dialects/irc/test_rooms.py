"""Coming into rooms and going, and what is told of others."""

import pytest

from chat_protocol.messages import Exit, History, Join, Leave, Topic, Who
from chat_protocol.server_messages import (
    DeleteFrame,
    DmFrame,
    EditFrame,
    HistoryFrame,
    Joined,
    Left,
    MsgFrame,
    NameChanged,
    TopicFrame,
    Users,
)
from tests.chat_server.net.dialects.irc.support import Talk, commands, ref_of

LATEST = 2**53 - 1
ANN = ":ann!user@hidden.chat"
BOB = ":bob!user@hidden.chat"


def enter(talk: Talk, room: str = "tea", name: str = "ann") -> list[str]:
    """Come into a room."""
    shown = talk.say(f"JOIN #{room}")
    (join,) = talk.asked()
    shown += talk.hear(Joined(room, name, 1, "", 0, ref=ref_of(join)))
    return shown + talk.hear(Users(room, [name], 1, ref_of(join)))


def test_who_comes_in_is_shown_the_room() -> None:
    """The topic, who set it, and who is there."""
    talk = Talk()
    talk.welcome()
    talk.say("JOIN #Tea sesame")
    (join,) = talk.asked()
    assert join == Join("tea", LATEST, ref_of(join), "sesame", who=True)
    joined = Joined("tea", "ann", 2, "green", 7, ref=ref_of(join), topic_by="b.b", topic_ts=1.5)
    assert talk.hear(joined) == [
        f"{ANN} JOIN :#tea",
        ":server.chat 332 ann #tea :green",
        ":server.chat 333 ann #tea b\u2024b :1",
    ]
    users = Users("tea", ["b.b", "ann", "c"], 3, ref_of(join), roles={"owner": [0], "speaker": [2]})
    assert talk.hear(users) == [
        ":server.chat 353 ann = #tea :@b\u2024b ann +c",
        ":server.chat 366 ann #tea :that is all of those who are there",
    ]


def test_who_is_in_it_already_is_told_nothing() -> None:
    """Nothing changes."""
    talk = Talk()
    talk.welcome("ann", "labeled-response batch")
    assert commands(enter(talk)) == ["JOIN", "353", "366"]
    assert enter(talk) == []
    talk.say("@label=x JOIN #tea")
    (join,) = talk.asked()
    assert talk.hear(Joined("tea", "ann", 1, "", 0, ref=ref_of(join))) == []
    assert talk.hear(Users("tea", ["ann"], 1, ref_of(join))) == ["@label=x :server.chat ACK"]


def test_names_may_be_left_out_and_hosts_shown() -> None:
    """As the client can take it."""
    talk = Talk()
    talk.welcome("ann", "no-implicit-names userhost-in-names extended-join")
    talk.say("JOIN #tea")
    (join,) = talk.asked()
    assert talk.hear(Joined("tea", "ann", 1, last=0, ref=ref_of(join))) == [f"{ANN} JOIN #tea * :Real Name"]
    talk.say("NAMES #tea")
    (who,) = talk.asked()
    assert talk.hear(Users("tea", ["ann"], 1, ref_of(who)))[0].endswith(" = #tea :ann!user@hidden.chat")


def test_the_past_is_shown_to_who_cannot_ask_for_it() -> None:
    """With its own times, or not at all."""
    talk = Talk()
    talk.welcome("ann", "server-time batch")
    talk.say("JOIN #tea")
    join, history = talk.asked()
    assert history == History("tea", limit=20, ref=ref_of(history))
    talk.hear(Joined("tea", "ann", 1, last=1, ref=ref_of(join)))
    page = HistoryFrame("tea", [MsgFrame("tea", 1, 1.5, "bob", "hi")], more=False, ref=ref_of(history))
    assert talk.hear(page) == [
        ":server.chat BATCH +b1 chathistory :#tea",
        f"@batch=b1;time=1970-01-01T00:00:01.500Z {BOB} PRIVMSG #tea :hi",
        ":server.chat BATCH :-b1",
    ]
    talk.say("JOIN #tea")
    _, history = talk.asked()
    assert talk.hear(HistoryFrame("tea", page.messages, more=False, ref=ref_of(history))) == []


def test_what_was_said_since_is_no_past() -> None:
    """It has been shown as it was said, before the page was read."""
    talk = Talk()
    talk.welcome("ann", "server-time")
    talk.say("JOIN #tea")
    join, history = talk.asked()
    talk.hear(Joined("tea", "ann", 1, last=1, ref=ref_of(join)))
    messages = [MsgFrame("tea", id_, 1.0, "bob", f"m{id_}") for id_ in (1, 2)]
    shown = talk.hear(HistoryFrame("tea", [*messages], more=False, ref=ref_of(history)))
    assert shown == [f"@time=1970-01-01T00:00:01.000Z {BOB} PRIVMSG #tea :m1"]


def test_of_the_past_each_message_is_shown_once() -> None:
    """With its last text; not one that was deleted, nor that either was done."""
    talk = Talk()
    talk.welcome("ann", "server-time")
    talk.say("JOIN #tea")
    join, history = talk.asked()
    talk.hear(Joined("tea", "ann", 1, last=4, ref=ref_of(join)))
    messages: list[MsgFrame | DmFrame | EditFrame | DeleteFrame] = [
        MsgFrame("tea", 1, 1.0, "bob", "hello", edited=True),
        MsgFrame("tea", 2, 2.0, "bob", "", deleted=True),
        EditFrame("tea", 3, 3.0, "bob", of=1, text="hello"),
        DeleteFrame("tea", 4, 4.0, "bob", of=2),
    ]
    assert talk.hear(HistoryFrame("tea", messages, more=False, ref=ref_of(history))) == [
        f"@time=1970-01-01T00:00:01.000Z {BOB} PRIVMSG #tea :hello"
    ]


@pytest.mark.parametrize(
    ("code", "text", "number"),
    [
        ("not_allowed", "you are banned from this room", "474"),
        ("not_allowed", "this room has a password; JOIN with it", "475"),
        ("not_allowed", "this room is for those who are invited", "473"),
        ("limit_reached", "too many", "405"),
        ("room_invalid", "no spaces", "403"),
    ],
)
def test_who_may_not_come_in_is_told_why(code: str, text: str, number: str) -> None:
    """And shown nothing of the room."""
    talk = Talk()
    talk.welcome()
    talk.say("JOIN #tea")
    (join,) = talk.asked()
    assert talk.refuse(join, code, text) == [f":server.chat {number} ann #tea :{text}"]
    assert talk.hear(Users("tea", ["ann"], 1, ref_of(join))) == []


def test_several_rooms_with_their_passwords() -> None:
    """Each is entered apart; what is no channel is told."""
    talk = Talk()
    talk.welcome("ann", "no-implicit-names")
    assert commands(talk.say("JOIN #a,b,#c x,,y")) == ["403"]
    assert [(each.room, each.password) for each in talk.asked() if isinstance(each, Join)] == [
        ("a", "x"),
        ("c", "y"),
    ]


def test_all_rooms_are_left_at_once() -> None:
    """As JOIN 0 does."""
    talk = Talk()
    talk.welcome()
    enter(talk, "tea")
    enter(talk, "cake")
    talk.say("JOIN 0")
    assert [each.room for each in talk.asked() if isinstance(each, Leave)] == ["cake", "tea"]


def test_a_room_is_left() -> None:
    """With a word; one that one is not in cannot be."""
    talk = Talk()
    talk.welcome()
    enter(talk)
    talk.say("PART #tea,#cake :so long")
    tea, cake = talk.asked()
    assert tea == Leave("tea", ref_of(tea), "so long")
    assert talk.hear(Left("tea", "ann", "left", ref_of(tea))) == [f"{ANN} PART #tea :so long"]
    assert talk.refuse(cake, "not_a_member") == [":server.chat 442 ann #cake :because"]
    assert commands(enter(talk)) == ["JOIN", "353", "366"]


def test_others_come_and_go() -> None:
    """With account and real name for who wants to hear it."""
    talk = Talk()
    talk.welcome("ann", "extended-join")
    enter(talk)
    bob = Joined("tea", "bob", account=True, realname="Bob B.", away="out")
    assert talk.hear(bob) == [f"{BOB} JOIN #tea bob :Bob B."]
    assert talk.hear(Left("tea", "bob", "left")) == [f"{BOB} PART :#tea"]
    assert talk.hear(Left("tea", "bob", "left", text="bye")) == [f"{BOB} PART #tea :bye"]


def test_who_leaves_the_chat_is_told_of_once() -> None:
    """However many rooms are shared; after coming back, once more."""
    talk = Talk()
    talk.welcome()
    assert talk.hear(Left("tea", "bob", "exit", text="bye")) == [f"{BOB} QUIT :Quit: bye"]
    assert talk.hear(Left("cake", "bob", "exit", text="bye")) == []
    assert talk.hear(Joined("tea", "bob")) == [f"{BOB} JOIN :#tea"]
    assert talk.hear(Left("tea", "bob", "ping_timeout")) == [f"{BOB} QUIT :Ping timeout"]
    assert talk.hear(Left("tea", "cat", "exit")) == [":cat!user@hidden.chat QUIT :Quit"]


def test_only_so_many_who_left_are_remembered() -> None:
    """The first are forgotten."""
    talk = Talk()
    talk.welcome()
    for number in range(300):
        assert len(talk.hear(Left("tea", f"bob{number}", "exit"))) == 1
    assert talk.hear(Left("cake", "bob299", "exit")) == []
    assert len(talk.hear(Left("cake", "bob0", "exit"))) == 1


def test_somebody_is_put_out() -> None:
    """Another, or oneself, who is outside from then on."""
    talk = Talk()
    talk.welcome()
    enter(talk)
    assert talk.hear(Left("tea", "bob", "kicked", by="cat")) == [":cat!user@hidden.chat KICK #tea bob :cat"]
    kicked = Left("tea", "ann", "banned", by="bob", text="no")
    assert talk.hear(kicked) == [f"{BOB} KICK #tea ann :no"]
    assert commands(enter(talk)) == ["JOIN", "353", "366"]


def test_rooms_that_one_is_in_anyway() -> None:
    """Are shown as entered; who is there is asked for with the next line."""
    talk = Talk()
    talk.welcome()
    assert talk.hear(Joined("tea", "ann", 2, "", 0)) == [f"{ANN} JOIN :#tea"]
    talk.say("PONG x")
    who = talk.asked()[0]
    assert who == Who("tea", ref_of(who))
    assert commands(talk.hear(Users("tea", ["ann", "bob"], 2, ref_of(who)))) == ["353", "366"]
    assert talk.hear(Left("tea", "ann", "left")) == [f"{ANN} PART :#tea"]


def test_the_topic() -> None:
    """Is asked for, set, and taken away; others' are shown."""
    talk = Talk()
    talk.welcome()
    talk.say("TOPIC #tea", "TOPIC #tea", "TOPIC #tea :green", "TOPIC #tea :", "TOPIC #x")
    one, two, green, none, other = talk.asked()
    assert [each.topic for each in (one, green, none) if isinstance(each, Topic)] == [None, "green", ""]
    assert talk.hear(TopicFrame("tea", "", ref=ref_of(one))) == [":server.chat 331 ann #tea :no topic is set"]
    known = TopicFrame("tea", "green", "bob", ref_of(two), ts=1.5)
    assert commands(talk.hear(known)) == ["332", "333"]
    assert talk.hear(TopicFrame("tea", "green", "ann", ref_of(green))) == [f"{ANN} TOPIC #tea :green"]
    assert talk.hear(TopicFrame("tea", "", "ann", ref_of(none))) == [f"{ANN} TOPIC #tea :"]
    assert commands(talk.refuse(other, "not_a_member")) == ["403"]
    assert talk.hear(TopicFrame("tea", "black", "bob")) == [f"{BOB} TOPIC #tea :black"]
    talk.say("TOPIC #tea :x")
    (denied,) = talk.asked()
    assert commands(talk.refuse(denied, "not_allowed")) == ["482"]


def test_names_of_a_large_room_are_several_lines() -> None:
    """None of which is too long; of a room that one is not in there are none."""
    talk = Talk()
    talk.welcome()
    talk.say("NAMES #tea", "NAMES #cake")
    who, other = talk.asked()
    everybody = [f"somebody{number}" for number in range(200)]
    shown = talk.hear(Users("tea", everybody, 200, ref_of(who)))
    assert all(len(each) <= 510 for each in shown)
    assert [name for each in shown[:-1] for name in each.rpartition(":")[2].split(" ")] == everybody
    end = "that is all of those who are there"
    assert talk.refuse(other, "not_a_member") == [f":server.chat 366 ann #cake :{end}"]
    assert talk.say("NAMES", "NAMES tea") == [
        f":server.chat 366 ann * :{end}",
        f":server.chat 366 ann tea :{end}",
    ]


def test_the_chat_is_left() -> None:
    """With a word, also before one has a name."""
    talk = Talk()
    talk.say("QUIT")
    talk.say("QUIT :so long")
    assert talk.asked() == [Exit(), Exit(text="so long")]


def test_a_new_name_is_gone_under_that_name() -> None:
    """Whoever changed the name leaves once, as who they are then."""
    talk = Talk()
    talk.welcome()
    talk.hear(NameChanged("bob", "bert"))
    assert talk.hear(Left("tea", "bert", "exit")) == [":bert!user@hidden.chat QUIT :Quit"]
    talk.hear(NameChanged("cat", "bert"))
    assert talk.hear(Left("tea", "bert", "exit")) == [":bert!user@hidden.chat QUIT :Quit"]
