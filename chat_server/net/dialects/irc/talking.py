"""What people say: PRIVMSG and NOTICE."""

from collections.abc import Sequence

from chat_protocol.messages import Dm, Msg
from chat_protocol.server_messages import Ack, MsgFrame
from chat_server.net.dialects.irc import names, render
from chat_server.net.dialects.irc import numerics as n
from chat_server.net.dialects.irc.commands import Command, Part, plain
from chat_server.net.dialects.irc.grammar import Line
from chat_server.net.dialects.irc.state import Answer, Failure, State, nothing, refused, unsaid

#: How many channels and nicks one line may be said to.
TARGETS_AT_MOST = 4


def say(state: State, target: str, text: str, *, notice: bool = False) -> None:
    """Say something to a channel or to somebody; the echo is shown once it is stored."""
    action = text.startswith(render.ACTION)
    if action:
        text = text.removeprefix(render.ACTION).removesuffix(render.ACTION_END) or " "
    failed: Failure = unsaid if notice else refused  # a NOTICE is answered by nothing, not even an error
    if names.is_channel(target):
        said = Msg(text, names.room(target), action=action, notice=notice)
        echo = _room_echo(said) if "echo-message" in state.caps else nothing
        state.ask(said, echo, failed, target, stored=True)
    else:
        told = Dm(target, text, action=action, notice=notice)
        state.ask(told, _direct_echo(told), failed, about=target, stored=True)


def _room_echo(said: Msg) -> Answer:
    def echo(state: State, ack: Ack) -> Sequence[bytes]:
        return state.form.lines(
            MsgFrame(
                room=ack.room or "",
                id=ack.id,
                ts=ack.ts,
                sender=state.name,
                text=said.text,
                account=state.account,
                action=said.action,
                notice=said.notice,
            )
        )

    return echo


def _direct_echo(told: Dm) -> Answer:
    def echo(state: State, ack: Ack) -> Sequence[bytes]:
        to_oneself = names.same(told.to, state.name)
        # A guest's has an id of the other one's direct messages.
        room = None if state.account or to_oneself else render.DIRECT + told.to
        identity = render.msgid(room, ack.id)
        target = names.nick(told.to)
        shown = render.lines(
            state.form,
            render.Saying(
                state.name, target, told.text, ack.ts, identity, state.account, told.action, told.notice
            ),
        )
        if to_oneself:  # the server shows it on the other connections alone
            state.show_aside(shown)
        return shown if "echo-message" in state.caps else ()

    return echo


def _targets(line: Line) -> Sequence[str]:
    named = line.param(0)
    if named and "," not in named:  # as nearly always
        return (named,)
    return [each for each in named.split(",") if each]


def _privmsg(state: State, line: Line) -> None:
    targets = _targets(line)
    if not targets:
        state.tell(state.numeric(n.ERR_NORECIPIENT, "PRIVMSG takes a channel or a nick, and a text"))
    elif not line.param(1):
        state.tell(state.numeric(n.ERR_NOTEXTTOSEND, "there is nothing to send"))
    elif len(targets) > TARGETS_AT_MOST:
        text = f"at most {TARGETS_AT_MOST} at once; say it to the others in another line"
        state.tell(state.numeric(n.ERR_TOOMANYTARGETS, targets[TARGETS_AT_MOST], text))
    else:
        for target in targets:
            say(state, target, line.param(1))


def _notice(state: State, line: Line) -> None:
    targets = _targets(line)
    if line.param(1) and len(targets) <= TARGETS_AT_MOST:
        for target in targets:
            say(state, target, line.param(1), notice=True)


PART = Part(
    commands={
        "NOTICE": Command(_notice, usage="NOTICE #room|nick[,...] :text - say something as a program does"),
        "PRIVMSG": Command(_privmsg, usage="PRIVMSG #room|nick[,...] :text - say something"),
    },
    caps={"echo-message": plain},
    shared=render.SHARED,
)
