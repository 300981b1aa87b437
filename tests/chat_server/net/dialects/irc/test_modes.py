"""MODE, against the rules of a real chat."""

import pytest

from chat_protocol.moderation_messages import Role, Rules
from chat_protocol.people_messages import Profile
from tests.chat_server.chat.test_people import PASSWORD, world
from tests.chat_server.chat.test_people import come as come_natively
from tests.support.irc_world import IrcClient, come, shown
from tests.support.world import World


class Tea:
    """Ann owns #tea, in which are bob, who has an account too, and gus, who is a guest."""

    def __init__(self) -> None:
        self.chat = world("ann", "bob", "eve")
        self.ann = come(self.chat, "ann", account=PASSWORD)
        self.bob = come(self.chat, "bob", account=PASSWORD)
        self.gus = come(self.chat, "gus")
        self.ann.send("JOIN #tea", "MODE #tea +i", "MODE #tea -i")
        for client in (self.bob, self.gus):
            client.send("JOIN #tea")
        self.still()

    def still(self) -> None:
        """Forget what came."""
        for client in (self.ann, self.bob, self.gus):
            client.taken()


def modes(client: IrcClient, line: str) -> list[tuple[str, ...]]:
    """Say a line; return what came of it."""
    return shown(client.told(line))


def test_whoever_sets_a_room_s_modes_alone_owns_it() -> None:
    """As natively; a guest owns nothing, and in a chat without accounts nobody does."""
    chat = world("ann")
    ann, gus = come(chat, "ann", account=PASSWORD), come(chat, "gus")
    ann.send("JOIN #tea")
    assert modes(ann, "MODE #tea") == [("324", "#tea", "+n")]
    assert modes(ann, "MODE #tea +im") == [("MODE", "#tea", "+im")]
    assert modes(ann, "MODE #tea") == [("324", "#tea", "+imnt")]
    gus.send("JOIN #den")
    assert modes(gus, "MODE #den +i")[0][:2] == ("482", "#den")
    bob = come(World(), "bob")
    bob.send("JOIN #tea")
    assert modes(bob, "MODE #tea +i")[0][:2] == ("482", "#tea")
    assert modes(bob, "MODE #tea") == [("324", "#tea", "+n")]
    assert modes(bob, "MODE #tea b")[0][:2] == ("368", "#tea")


def test_all_are_told_what_is_new() -> None:
    """In one line, by whom."""
    tea = Tea()
    assert modes(tea.ann, "MODE #tea +sm-i") == [("MODE", "#tea", "+ms")]
    (line,) = tea.gus.told()
    assert (line.source, line.params) == ("ann!user@hidden.chat", ("#tea", "+ms"))
    assert modes(tea.ann, "MODE #tea +m") == []
    assert modes(tea.ann, "MODE #tea -m+i") == [("MODE", "#tea", "+i-m")]


def test_a_key() -> None:
    """It is never shown; natively it is a password."""
    tea = Tea()
    assert modes(tea.ann, "MODE #tea +k beer") == [("MODE", "#tea", "+k", "*")]
    assert shown(tea.gus.told()) == [("MODE", "#tea", "+k", "*")]
    hal = come(tea.chat, "hal")
    assert modes(hal, "JOIN #tea")[0][:2] == modes(hal, "JOIN #tea wine")[0][:2] == ("475", "#tea")
    assert modes(hal, "JOIN #tea beer")[0][0] == "JOIN"
    assert modes(tea.ann, "MODE #tea -k beer")[-1] == ("MODE", "#tea", "-k", "*")


@pytest.mark.parametrize("key", ["two words", "", "x" * 257, "a,b"])
def test_a_bad_key(key: str) -> None:
    """It could not be typed into JOIN."""
    tea = Tea()
    assert modes(tea.ann, f"MODE #tea +k :{key}")[0][:4] == ("696", "#tea", "k", "*")


def test_roles() -> None:
    """An operator of a channel is a moderator, a voice is a speaker; everybody is told."""
    tea = Tea()
    assert modes(tea.ann, "MODE #tea +v bob") == [("MODE", "#tea", "+v", "bob")]
    assert modes(tea.ann, "MODE #tea +o bob") == [("MODE", "#tea", "-v+o", "bob", "bob")]
    assert modes(tea.ann, "MODE #tea +v bob") == []
    assert modes(tea.ann, "MODE #tea -v bob") == []
    assert modes(tea.ann, "MODE #tea -o bob") == [("MODE", "#tea", "-o", "bob")]
    assert modes(tea.ann, "MODE #tea +o ann") == modes(tea.ann, "MODE #tea -o ann") == []
    assert [each[2:] for each in shown(tea.gus.told())] == [
        ("+v", "bob"),
        ("-v+o", "bob", "bob"),
        ("-o", "bob"),
    ]
    tea.ann.send("MODE #tea +v bob")
    assert "@ann" in tea.gus.send("NAMES #tea")[1]
    assert "+bob" in tea.gus.send("NAMES #tea")[0]


def test_who_may_not() -> None:
    """A numeric that clients know."""
    tea = Tea()
    assert modes(tea.bob, "MODE #tea +o bob")[0][:2] == ("482", "#tea")
    assert modes(tea.bob, "MODE #tea +s")[0][:2] == ("482", "#tea")
    assert modes(tea.ann, "MODE #tea +o gus")[0][:2] == ("482", "#tea")
    assert modes(tea.ann, "MODE #tea +o nobody")[0][:2] == ("401", "nobody")
    assert modes(tea.ann, "MODE #nowhere +i")[0][:2] == ("442", "#nowhere")
    assert modes(tea.ann, "MODE #nowhere")[0][:2] == ("442", "#nowhere")


def test_a_moderated_room() -> None:
    """Speakers speak."""
    tea = Tea()
    tea.ann.send("MODE #tea +m")
    tea.still()
    assert modes(tea.bob, "PRIVMSG #tea :hi")[0][:2] == ("404", "#tea")
    tea.ann.send("MODE #tea +v bob")
    tea.still()
    assert tea.bob.send("PRIVMSG #tea :hi") == []
    assert shown(tea.ann.told()) == [("PRIVMSG", "#tea", "hi")]


def test_bans() -> None:
    """Of nicks, be they there or not; the list is for moderators."""
    tea = Tea()
    assert modes(tea.ann, "MODE #tea +b gus!*@*")[-1] == ("MODE", "#tea", "+b", "gus!*@*")
    assert shown(tea.gus.told())[0][:3] == ("KICK", "#tea", "gus")
    assert modes(tea.gus, "JOIN #tea")[0][:2] == ("474", "#tea")
    tea.ann.send("MODE #tea +b mallory")
    listed = modes(tea.ann, "MODE #tea +b")
    assert [each[:3] for each in listed[:-1]] == [
        ("367", "#tea", "gus!*@*"),
        ("367", "#tea", "mallory!*@*"),
    ]
    assert listed[-1][:2] == ("368", "#tea")
    tea.still()
    assert modes(tea.bob, "MODE #tea b")[0][:2] == ("368", "#tea")
    assert modes(tea.ann, "MODE #tea -b GUS!*@*") == [("MODE", "#tea", "-b", "GUS!*@*")]
    assert modes(tea.gus, "JOIN #tea")[0][0] == "JOIN"


@pytest.mark.parametrize("mask", ["*!*@host", "g*!*@*", "gus!~gus@*", "!*@*"])
def test_a_mask_of_hosts_is_refused(mask: str) -> None:
    """Nobody's host is known, so it would keep out nobody."""
    tea = Tea()
    assert modes(tea.ann, f"MODE #tea +b {mask}")[0][:4] == ("696", "#tea", "b", mask)


def test_what_is_always_so() -> None:
    """It may be set, and is not to be taken away; what there isn't is told."""
    tea = Tea()
    assert modes(tea.ann, "MODE #tea +nt") == []
    assert modes(tea.ann, "MODE #tea -nl")[0][:2] == ("472", "n")
    assert [each[:2] for each in modes(tea.ann, "MODE #tea -tl")] == [("472", "t"), ("472", "l")]
    assert modes(tea.ann, "MODE #tea +o")[0][:4] == ("696", "#tea", "o", "*")


def test_so_many_changes_a_line() -> None:
    """As ISUPPORT says."""
    tea = Tea()
    assert modes(tea.ann, "MODE #tea +vvvvvvv a b c d e f g")[0][0] == "NOTICE"


def test_what_is_done_natively_is_shown() -> None:
    """Also what has no letter."""
    tea = Tea()
    ann = come_natively(tea.chat, "ann")
    ann.send(Rules("tea", slow_seconds=30.0), Role("bob", "reader", "tea"), Role("bob", "owner", "tea"))
    assert shown(tea.gus.told()) == [
        ("NOTICE", "#tea", "slow mode: one message in 30 s"),
        ("NOTICE", "#tea", "bob is reader now (ann)"),
        ("MODE", "#tea", "+o", "bob"),
    ]


def test_one_s_own_modes() -> None:
    """Whether one is a program; that one is invisible is always so."""
    chat = World()
    ann = come(chat, "ann")
    assert modes(ann, "MODE ann") == [("221", "+i")]
    assert modes(ann, "MODE ANN +B") == [("MODE", "ann", "+B")]
    assert modes(ann, "MODE ann") == [("221", "+Bi")]
    assert modes(ann, "MODE ann +iB") == modes(ann, "MODE ann -i") == []
    assert modes(ann, "MODE ann +o")[0][0] == "501"
    assert modes(ann, "MODE bob +B")[0][0] == "502"
    ann.conversation.handle([Profile(bot=False)], 0.0)
    assert modes(ann, "MODE ann") == [("221", "+i")]


def test_what_a_program_says_is_tagged() -> None:
    """For clients that can take tags, in rooms and alone."""
    chat = World()
    ann, bob, eve = come(chat, "ann"), come(chat, "bob", "message-tags"), come(chat, "eve")
    for client in (ann, bob, eve):
        client.send("JOIN #tea")
    ann.send("MODE ann +B", "PRIVMSG #tea :beep", "PRIVMSG bob :boop")
    lines = [each for each in bob.told() if each.command == "PRIVMSG"]
    assert ["bot" in each.tags for each in lines] == [True, True]
    assert [each.tags for each in eve.told() if each.command == "PRIVMSG"] == [{}]
