"""What messages cost, and what clients are told of it."""

import pytest
from msgspec import UNSET

from chat_protocol.errors import BadJsonError
from chat_protocol.messages import (
    ClientMessage,
    Dm,
    History,
    Join,
    List,
    Msg,
    Ping,
    Pong,
    RegName,
    Search,
    Who,
)
from chat_protocol.server_messages import Pace
from chat_server.chat.bucket import Rate
from chat_server.chat.commands import COMMANDS
from chat_server.chat.rates import BAD_LINE, PRICES, UPKEEP, price, published, total


def test_every_command_has_a_price() -> None:
    """One that had none would be as cheap as a line that is no message."""
    assert set(PRICES) == set(COMMANDS)


@pytest.mark.parametrize(
    "message",
    [Msg("hi"), Dm("ann", "hi"), Join("tea"), Who(), History(), RegName("ann")],
    ids=lambda each: type(each).__name__,
)
def test_what_others_read_and_what_a_person_asks_for_costs_a_token(message: ClientMessage) -> None:
    """A try of a name too, before there is one."""
    assert price(message) == 1


@pytest.mark.parametrize("message", [Search("tea"), List()], ids=lambda each: type(each).__name__)
def test_what_is_much_work_costs_what_a_person_can_afford(message: ClientMessage) -> None:
    """Two at once and one every 2 s at the default rate; the work alone would be two minutes."""
    assert price(message) == 4


def test_what_keeps_a_connection_alive_is_next_to_nothing() -> None:
    """A client that answers a PING a second all day is never behind for it."""
    assert all(PRICES[kind] < 0.05 for kind in UPKEEP)
    assert price(Ping()) == price(Pong()) == 1 / 64


def test_a_line_that_is_no_message_costs_its_work() -> None:
    """Too many of them in a row end the connection, with a reason that says so."""
    assert price(BadJsonError("no JSON")) == BAD_LINE


def test_lines_cost_what_they_cost_together() -> None:
    """As one read of a socket brings them."""
    assert total([Msg("hi"), Search("tea"), Ping()]) == 5 + 1 / 64


def test_clients_are_told_the_rate_and_what_costs_more() -> None:
    """So that they can keep to it; nothing is told if nothing is limited."""
    assert published(Rate(10, 2.0)) == Pace(10, 2.0, {"LIST": 4, "SEARCH": 4})
    assert published(None) is UNSET
