"""REDACT: taking what was said away again (draft/message-redaction)."""

from collections.abc import Mapping, Sequence

from chat_protocol.messages import Delete
from chat_protocol.server_messages import Ack, DeleteFrame, ErrorFrame
from chat_server.net.dialects.irc import names, render
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.state import Asked, State

CAPABILITY = "draft/message-redaction"
#: What the server's errors are called here.
_CODES: Mapping[str, str] = {
    "no_such_message": "UNKNOWN_MSGID",
    "not_a_member": "INVALID_TARGET",
    "room_invalid": "INVALID_TARGET",
}


def _redact(state: State, line: Line) -> None:
    """Take a message away; a reason isn't kept."""
    target, written = line.param(0), line.param(1)
    said = render.parse_msgid(written)
    room = names.room(target) if names.is_channel(target) else ""
    if room not in state.rooms:
        text = "messages are taken away in rooms that you are in"
        state.tell(state.fail("INVALID_TARGET", target, text=text))
        return
    if said is None or said[0] != room:
        state.tell(state.fail("UNKNOWN_MSGID", target, written, text="this room has no such message"))
        return

    def stored(state: State, ack: Ack) -> Sequence[bytes]:
        frame = DeleteFrame(room, ack.id, ack.ts, state.name, said[1], state.account)
        return state.form.lines(frame) if state.form.redaction else ()

    def refused(state: State, asked: Asked, error: ErrorFrame) -> Sequence[bytes]:
        code = _CODES.get(error.code, "REDACT_FORBIDDEN")
        return [state.fail(code, target, written, text=error.text, command=asked.command)]

    state.ask(Delete(said[1], room), stored, refused, stored=True)


PART = Part(
    commands={"REDACT": Command(_redact, needs=2, usage="REDACT #room msgid - take a message away again")},
    caps={CAPABILITY: plain},
)
