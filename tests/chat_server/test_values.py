"""Values of settings: what is taken, and what is said of the rest."""

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server import values

HOSTS = st.sampled_from(["localhost", "127.0.0.1", "::1", ""])


@given(st.lists(st.tuples(st.sampled_from([*values.SCHEMES]), HOSTS, st.integers(0, 65535))))
def test_endpoints_are_read_as_they_are_shown(places: list[tuple[str, str, int]]) -> None:
    """In a list or in one text, or several in one text of a list: a flag that has all."""
    endpoints = tuple(values.Endpoint(*place) for place in places)
    shown = [str(each) for each in endpoints]
    assert values.endpoints(shown) == values.endpoints(", ".join(shown)) == endpoints
    assert values.endpoints([" ".join(shown)] if shown else ()) == endpoints


def test_what_is_left_out_of_an_endpoint() -> None:
    """Without a port it is the usual one, without a host every address; not both, which may be a mistake."""
    assert values.endpoints("chats://localhost chat://:1") == (
        values.Endpoint("chats", "localhost", 9443),
        values.Endpoint("chat", "", 1),
    )
    with pytest.raises(ValueError, match="must be one or more of chat://HOST:PORT"):
        values.endpoints("chat://")


def test_the_wrong_one_of_several_endpoints_is_named() -> None:
    """Be they given in one text or in several; of one alone the setting's value says it."""
    for given_ in ("irc://:1 h:2 http://:3", ["irc://:1", "h:2", "http://:3"]):
        with pytest.raises(ValueError, match="PORT is at most 65535; 'h:2' is none of these"):
            values.endpoints(given_)
    with pytest.raises(ValueError, match=r"PORT is at most 65535$"):
        values.endpoints(["h:2"])


@pytest.mark.parametrize(("given_", "taken"), [("on", True), ("off", False), (True, True), (False, False)])
def test_a_switch_is_on_or_off(given_: object, taken: bool) -> None:  # noqa: FBT001  # what is expected
    """In words, or as TOML has it."""
    assert values.switch(given_) is taken


@pytest.mark.parametrize("given_", ["yes", "", 1, None])
def test_a_switch_is_nothing_else(given_: object) -> None:
    """Nobody guesses what was meant."""
    with pytest.raises(ValueError, match="on or off"):
        values.switch(given_)


def said_of(parse: Callable[[object], object], given_: object) -> str:
    """Return what is said of a value; of a good one that it must be so."""
    try:
        return f"must be {parse(given_)}"
    except ValueError as error:
        return str(error)


@given(st.text())
def test_any_other_text_is_refused_in_words(text: str) -> None:
    """Never with another error, whatever it is."""
    for parse in (
        values.endpoints,
        values.networks,
        values.hosts,
        values.journal,
        values.cpus,
        values.whole(0, 9),
    ):
        assert said_of(parse, text).startswith("must be")


def test_networks_are_those_of_both_versions() -> None:
    """With commas or spaces."""
    assert values.networks("10.0.0.0/8, fd00::/8") == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("fd00::/8"),
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "172.17.0.1", "192.168.1.5", "::1", "fd12::1", "fe80::1"])
def test_what_is_private_cannot_be_reached_from_outside(host: str) -> None:
    """As the standard library has it too."""
    address = ipaddress.ip_address(host)
    assert address.is_private
    assert any(address in network for network in values.PRIVATE)


def test_a_server_of_irc_has_a_name_with_a_dot() -> None:
    """Or clients would take it for a nick."""
    assert values.server_name("irc.example.org") == "irc.example.org"
    for bad in ("irc", ".", "a b.c", "a..b", "x" * 62 + ".y", 1, ""):
        with pytest.raises(ValueError, match="name with a dot"):
            values.server_name(bad)


def test_hosts_are_names() -> None:
    """With commas or spaces, in lower case; any is one of them."""
    assert values.hosts("Chat.example.org, chat") == ("chat.example.org", "chat")
    assert values.hosts(["*"]) == ("*",)
    assert values.hosts("none") == values.hosts([]) == ()


@pytest.mark.parametrize(
    "given", ["http://chat.example.org", "chat:8080", "*.example.org", "a b/", ["a b"], [1], 5]
)
def test_what_is_no_name_of_a_host_is_refused(given: object) -> None:
    """Scheme and port are not part of it."""
    assert said_of(values.hosts, given).startswith("must be names")
