"""What people say: PRIVMSG and NOTICE."""

from collections.abc import Sequence

from chat_protocol.messages import Dm, Msg
from chat_protocol.server_messages import Ack, MsgFrame
from chat_server.net.dialects.irc import names, render
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.state import Answer, Failure, State, refused, unsaid

#: What marks an action, which `/me` makes.
ACTION = "\x01ACTION "


def say(state: State, target: str, text: str, *, notice: bool = False) -> None:
    """Say something to a channel or to somebody; the echo is shown once it is stored."""
    action = text.startswith(ACTION)
    if action:
        text = text.removeprefix(ACTION).removesuffix("\x01") or " "
    failed: Failure = unsaid if notice else refused  # a NOTICE is answered by nothing
    if names.is_channel(target):
        message = Msg(text, names.room(target), action=action)
        state.ask(message, _room_echo(message), failed, about=target)
    else:
        direct = Dm(target, text)
        state.ask(direct, _direct_echo(direct), failed, about=target)


def _room_echo(said: Msg) -> Answer:
    """Return what shows somebody what they said themselves, as all others are shown it."""

    def echo(state: State, ack: Ack) -> Sequence[bytes]:
        if "echo-message" not in state.caps or ack.room is None:
            return ()
        frame = MsgFrame(ack.room, ack.id, ack.ts, state.name, said.text, action=said.action)
        frame.account = state.account
        return state.form.lines(frame)

    return echo


def _direct_echo(said: Dm) -> Answer:
    def echo(state: State, ack: Ack) -> Sequence[bytes]:
        if "echo-message" not in state.caps:
            return ()
        room = None if state.account else render.DIRECT + said.to
        saying = render.Saying(state.name, said.to, said.text, ack.ts, account=state.account)
        return render.lines(state.form, saying, render.msgid(room, ack.id))

    return echo


def _privmsg(state: State, line: Line) -> None:
    _say_all(state, line, notice=False)


def _notice(state: State, line: Line) -> None:
    _say_all(state, line, notice=True)


def _say_all(state: State, line: Line, *, notice: bool) -> None:
    targets = [each for each in line.param(0).split(",") if each]
    if not targets and not notice:
        state.tell(state.numeric(n.ERR_NORECIPIENT, f"{line.command} takes a channel or a nick"))
    elif not line.param(1) and not notice:
        state.tell(state.numeric(n.ERR_NOTEXTTOSEND, "there is nothing to send"))
    elif line.param(1):
        for target in targets:
            say(state, target, line.param(1), notice=notice)


PART = Part(commands={"PRIVMSG": Command(_privmsg), "NOTICE": Command(_notice)}, shared=render.SHARED)
