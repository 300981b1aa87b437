"""Listening sockets, and how addresses are written."""

import errno
import socket

import pytest

from chat_server.errors import ListenError
from chat_server.net.addresses import bound
from chat_server.values import shown


def test_an_address_is_written_as_people_do() -> None:
    """IPv6 in brackets: else nobody knows where the port begins."""
    assert [shown("127.0.0.1", 1), shown("localhost", 2), shown("::1", 3)] == [
        "127.0.0.1:1",
        "localhost:2",
        "[::1]:3",
    ]


@pytest.mark.parametrize("host", ["a..b", "." * 3, "x" * 70, "a\0b", "\udc80"])
@pytest.mark.parametrize("option", ["", "metrics-"])
def test_what_is_no_host_is_said(host: str, option: str) -> None:
    """Whatever the system's resolver thinks of it: a sentence, and the option that sets it."""
    with pytest.raises(ListenError, match=f"give another --{option}host"):
        bound(host, 0, option, 1)


def test_a_system_without_descriptors_is_not_taken_for_one_without_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sentence says what is missing."""

    def fail(*_arguments: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", fail)
    with pytest.raises(ListenError, match="Too many open files"):
        bound("127.0.0.1", 0, "", 1)
