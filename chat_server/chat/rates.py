"""What each message costs, in tokens of its user's bucket: one that others read costs one."""

from collections.abc import Iterable, Mapping

from msgspec import UNSET, UnsetType

from chat_protocol.base import Message
from chat_protocol.errors import PeerError
from chat_protocol.messages import ClientMessage, Exit, Ping, Pong
from chat_protocol.reading_messages import Read
from chat_protocol.server_messages import Pace
from chat_server.chat.bucket import Rate
from chat_server.chat.commands import COMMANDS

#: How much work (`Command.cost`, 14 us each) one token buys. At 2 tokens a second, a flood of anything takes
#: some 0.5 % of a core (measured), and a person may search twice at once and every 2 s from then on.
WORK_PER_TOKEN = 64
#: What a client says by itself, and nobody else sees: it costs its work alone, of which a token buys plenty.
UPKEEP: frozenset[type[Message]] = frozenset({Read, Ping, Pong, Exit})
#: A line that is no message costs the work of a message: too many of them in a row end the connection anyway.
BAD_LINE = 1 / WORK_PER_TOKEN

#: Tokens by the type of a message.
PRICES: Mapping[type[Message], float] = {
    kind: command.cost / WORK_PER_TOKEN
    if kind in UPKEEP
    else max(1.0, float(round(command.cost / WORK_PER_TOKEN)))
    for kind, command in COMMANDS.items()
}
_price: Mapping[type, float] = PRICES  # also asked for the type of an error


def price(message: ClientMessage | PeerError) -> float:
    """Return what a line costs."""
    return _price.get(type(message), BAD_LINE)


def total(heard: Iterable[ClientMessage | PeerError]) -> float:
    """Return what some lines cost together."""
    return sum(map(price, heard))


def published(rate: Rate | None) -> Pace | UnsetType:
    """Return what clients are told, so that they can keep to it."""
    if rate is None:
        return UNSET
    costs = {COMMANDS[kind].kind: each for kind, each in PRICES.items() if each > 1}
    return Pace(rate.burst, rate.per_second, costs)
