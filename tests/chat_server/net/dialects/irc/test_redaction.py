"""REDACT: taking what was said away again."""

import pytest

from chat_protocol.messages import Delete
from chat_protocol.server_messages import Joined
from tests.chat_server.net.dialects.irc.support import Talk, ref_of

CAPS = "message-tags draft/message-redaction"


def talk_in_tea(caps: str = CAPS) -> Talk:
    """Return somebody who is in a room."""
    talk = Talk()
    talk.welcome("ann", caps)
    talk.hear(Joined("tea", "ann", 1, last=0))
    talk.say("PONG x")
    talk.asked()
    return talk


def test_a_message_is_taken_away() -> None:
    """And who did it is shown that, if the client knows it."""
    talk = talk_in_tea()
    talk.say("REDACT #Tea tea/7 :sorry")
    (delete,) = talk.asked()
    assert delete == Delete(7, "tea", ref_of(delete))
    assert talk.store(delete, 9, "tea") == [":ann!user@hidden.chat REDACT #tea :tea/7"]
    talk = talk_in_tea("message-tags")
    talk.say("REDACT #tea tea/7")
    assert talk.store(talk.asked()[0], 9, "tea") == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("REDACT #cake cake/7", "INVALID_TARGET #cake"),
        ("REDACT bob @/7", "INVALID_TARGET bob"),
        ("REDACT #tea cake/7", "UNKNOWN_MSGID #tea cake/7"),
        ("REDACT #tea what", "UNKNOWN_MSGID #tea what"),
    ],
)
def test_what_is_no_message_of_the_room_is_told(line: str, told: str) -> None:
    """Before anybody is asked."""
    talk = talk_in_tea()
    (shown,) = talk.say(line)
    assert shown.startswith(f":server.chat FAIL REDACT {told} :")
    assert talk.asked() == []


@pytest.mark.parametrize(
    ("code", "told"), [("no_such_message", "UNKNOWN_MSGID"), ("not_allowed", "REDACT_FORBIDDEN")]
)
def test_what_may_not_be_taken_away_is_told(code: str, told: str) -> None:
    """As clients know it."""
    talk = talk_in_tea()
    talk.say("REDACT #tea tea/7")
    (delete,) = talk.asked()
    assert talk.refuse(delete, code) == [f":server.chat FAIL REDACT {told} #tea tea/7 :because"]
