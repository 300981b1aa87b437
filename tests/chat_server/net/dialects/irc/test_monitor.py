"""MONITOR: who comes and goes."""

from chat_protocol.messages import Name
from chat_protocol.people_messages import WATCHED_AT_MOST
from tests.chat_server.chat.test_people import come as come_natively
from tests.chat_server.chat.test_people import world
from tests.support.irc_world import come, shown
from tests.support.world import World

END = ("733", "End of MONITOR list")


def test_whoever_is_monitored_comes_and_goes() -> None:
    """The answer says how it is now, and a line whenever that changes."""
    chat = World()
    ann = come(chat, "ann")
    chat.client("bob")
    assert shown(ann.told("MONITOR + BOB,cat")) == [("730", "bob"), ("731", "cat")]
    cat = come(chat, "Cat")
    (came,) = ann.told()
    assert came.params[1].startswith("Cat!")
    cat.hang_up()
    assert shown(ann.told("MONITOR S")) == [("731", "Cat"), ("730", "bob"), ("731", "cat")]


def test_a_change_of_nick() -> None:
    """Is a going and a coming; not one of case alone."""
    chat = World()
    ann, bob = come(chat, "ann"), chat.client("bob")
    ann.send("MONITOR + cat")
    bob.send(Name("cat"), Name("CAT"), Name("bob"))
    assert [each[:2] for each in shown(ann.told())] == [("730", "cat!user@hidden.chat"), ("731", "CAT")]


def test_the_list() -> None:
    """It is shown, shortened, and cleared without an answer."""
    ann = come(World(), "ann")
    assert ann.send("MONITOR + bob,cat") != []
    assert ann.send("MONITOR - BOB") == []
    assert shown(ann.told("MONITOR l")) == [("732", "cat"), END]
    assert ann.send("MONITOR C") == []
    assert shown(ann.told("MONITOR L", "MONITOR S")) == [END]


def test_a_mask_is_nobody_s_nick() -> None:
    """It is answered as offline, and not kept; nor is what natively is no name."""
    ann = come(World(), "ann")
    assert shown(ann.told("MONITOR + *!u@h,bob")) == [("731", "*!u@h"), ("731", "bob")]
    assert shown(ann.told("MONITOR + -")) == [("731", "-")]
    assert shown(ann.told("MONITOR L")) == [("732", "bob"), END]


def test_a_full_list() -> None:
    """734 says how many there may be; none of those that are too many is added."""
    ann = come(World(), "ann")
    for start in range(0, WATCHED_AT_MOST, 20):
        ann.send("MONITOR + " + ",".join(f"n{number}" for number in range(start, start + 20)))
    assert [each[:3] for each in shown(ann.told("MONITOR + more"))] == [("734", "100", "more")]
    many = ",".join(f"m{number}" for number in range(WATCHED_AT_MOST + 1))
    assert [each[:2] for each in shown(ann.told(f"MONITOR + {many}"))] == [("734", "100")]


def test_a_long_list_takes_several_lines() -> None:
    """Each fits a line."""
    ann = come(World(), "ann")
    for start in range(0, WATCHED_AT_MOST, 10):
        nicks = ",".join(f"{'x' * 28}{number}" for number in range(start, start + 10))
        ann.send(f"MONITOR + {nicks}")
    lines = ann.send("MONITOR L")
    assert max(map(len, lines)) <= 510
    listed = [nick for line in shown(ann.told("MONITOR L"))[:-1] for nick in line[1].split(",")]
    assert len(listed) == WATCHED_AT_MOST


def test_an_account_is_one_person() -> None:
    """However many connections it has, of whatever kind."""
    chat = world("bob")
    ann = come(chat, "ann")
    ann.send("MONITOR + bob")
    one, other = come_natively(chat, "bob"), come_natively(chat, "bob")
    one.hang_up(final=True)
    other.hang_up(final=True)
    assert [each[0] for each in shown(ann.told())] == ["730", "731"]


def test_what_is_no_command() -> None:
    """It is answered with what there is."""
    ann = come(World(), "ann", "standard-replies")
    (line,) = ann.told("MONITOR ?")
    assert (line.command, line.params[:3]) == ("FAIL", ("MONITOR", "INVALID_PARAMS", "?"))
    assert line.params[-1].startswith("MONITOR takes")
    assert shown(ann.told("MONITOR"))[0][0] == "461"
    assert ann.send("MONITOR +", "MONITOR -") == []
