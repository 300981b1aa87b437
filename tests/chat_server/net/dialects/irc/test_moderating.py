"""KICK, INVITE and OPER."""

from chat_protocol.moderation_messages import Mute
from tests.chat_server.chat.test_people import PASSWORD, world
from tests.chat_server.chat.test_people import come as come_natively
from tests.chat_server.net.dialects.irc.test_modes import Tea, modes
from tests.support.irc_world import come, shown


def test_a_kick() -> None:
    """Everybody sees it, with the reason or the nick of who did it."""
    tea = Tea()
    assert modes(tea.ann, "KICK #tea gus :enough") == [("KICK", "#tea", "gus", "enough")]
    assert shown(tea.gus.told()) == shown(tea.bob.told()) == [("KICK", "#tea", "gus", "enough")]
    assert modes(tea.ann, "KICK #tea bob") == [("KICK", "#tea", "bob", "ann")]


def test_a_kick_that_is_none() -> None:
    """A numeric that clients know."""
    tea = Tea()
    assert modes(tea.bob, "KICK #tea gus")[0][:2] == ("482", "#tea")
    assert modes(tea.ann, "KICK #tea nobody")[0][:2] == ("401", "nobody")
    assert modes(tea.ann, "KICK #tea eve")[0][:3] == ("441", "eve", "#tea")
    assert modes(tea.ann, "KICK #den gus")[0][:2] == ("403", "#den")
    assert modes(tea.ann, f"KICK #tea gus :{'x' * 201}")[0][0] == "NOTICE"


def test_an_invitation() -> None:
    """Whoever is invited is told and comes in; other moderators are, if their clients want to know."""
    tea = Tea()
    op = come(tea.chat, "eve", "invite-notify", account=PASSWORD)
    op.send("JOIN #tea")
    tea.ann.send("MODE #tea +io eve")
    hal = come(tea.chat, "hal")
    assert modes(hal, "JOIN #tea")[0][:2] == ("473", "#tea")
    tea.still()
    op.taken()
    assert modes(tea.ann, "INVITE hal #tea") == [("341", "hal", "#tea")]
    (line,) = hal.told()
    assert (line.source.partition("!")[0], line.params) == ("ann", ("hal", "#tea"))
    assert shown(op.told()) == [("INVITE", "hal", "#tea")]
    assert tea.bob.taken() == []
    assert modes(hal, "JOIN #tea")[0][0] == "JOIN"


def test_an_invitation_that_is_none() -> None:
    """A numeric that clients know."""
    tea = Tea()
    assert modes(tea.gus, "INVITE eve #tea")[0][:2] == ("482", "#tea")
    assert modes(tea.ann, "INVITE nobody #tea")[0][:2] == ("401", "nobody")
    assert modes(tea.ann, "INVITE gus #den")[0][:2] == ("442", "#den")
    assert modes(tea.ann, "INVITE gus")[0][0] == "461"


def test_a_mute_is_told() -> None:
    """In words: it has an end of its own."""
    tea = Tea()
    ann = come_natively(tea.chat, "ann")
    ann.send(Mute("gus", "tea", 60.0), Mute("gus", "tea", 0.0), Mute("gus", "tea"))
    assert [each[2] for each in shown(tea.bob.told())] == [
        "gus may only read for 60 s (ann)",
        "gus may speak again (ann)",
        "gus may only read for ever (ann)",
    ]


def test_oper() -> None:
    """An operator is one by the account, not by a password."""
    chat = world("ann", "op")
    chat.store.set_operator(2, operator=True)
    ann, op = come(chat, "ann", account=PASSWORD), come(chat, "op", account=PASSWORD)
    assert modes(ann, "OPER ann x")[0][0] == "491"
    assert modes(op, "OPER op x")[0][0] == "381"
    assert modes(op, "OPER op")[0][0] == "461"
