"""WHOIS and WHOWAS."""

from chat_server.net.dialects.irc.grammar import LINE_BYTES
from tests.chat_server.chat.test_people import PASSWORD, world
from tests.support.irc_world import come, shown
from tests.support.world import World


def test_who_somebody_is() -> None:
    """All that there is to tell."""
    chat = world("ann", "op")
    chat.store.set_operator(2, operator=True)
    op, gus = come(chat, "op", account=PASSWORD), come(chat, "gus")
    op.send("JOIN #tea", "JOIN #den", "AWAY :lunch", "MODE op +B")
    gus.send("JOIN #tea")
    gus.taken()
    lines = {each[0]: each[1:] for each in shown(gus.told("WHOIS OP"))}
    assert list(lines) == ["311", "319", "312", "301", "313", "330", "335", "317", "318"]
    assert lines["311"] == ("op", "user", "hidden.chat", "*", "Op B.")
    assert lines["319"] == ("op", "@#tea")
    assert lines["330"][:2] == ("op", "op")
    assert lines["317"][:3] == ("op", "0", "1790000000")


def test_somebody_of_whom_there_is_little() -> None:
    """The server's name may come first, as clients write it."""
    chat = World()
    ann = come(chat, "ann")
    chat.client("bob")
    lines = shown(ann.told("WHOIS server.chat bob"))
    assert [each[0] for each in lines] == ["311", "312", "317", "318"]
    assert lines[0][-1] == "bob"


def test_nobody() -> None:
    """It is told, and that this is all."""
    ann = come(World(), "ann")
    assert [each[:2] for each in shown(ann.told("WHOIS nobody"))] == [("401", "nobody"), ("318", "nobody")]
    assert shown(ann.told("WHOIS"))[0][0] == "431"
    assert [each[:2] for each in shown(ann.told("WHOWAS bob"))] == [("406", "bob"), ("369", "bob")]


def test_many_rooms_take_several_lines() -> None:
    """Each fits."""
    chat = World()
    ann = come(chat, "ann")
    for number in range(30):
        ann.send(f"JOIN #{'x' * 28}{number}")
    lines = ann.send("WHOIS ann")
    rooms = [line for line in lines if " 319 " in line]
    assert len(rooms) > 1
    assert max(len(line.encode()) + 2 for line in lines) <= LINE_BYTES
    assert sum(line.count("#") for line in rooms) == 30
