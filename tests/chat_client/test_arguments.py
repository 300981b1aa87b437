"""What may be given on the command line and in the environment."""

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from chat_client import arguments
from chat_client.errors import SetupError


@pytest.mark.parametrize(
    ("check", "text", "value"),
    [
        (arguments.port, "1", 1),
        (arguments.port, "09090", 9090),
        (arguments.port, "65535", 65535),
        (arguments.seconds, "0", 0.0),
        (arguments.seconds, "1.5", 1.5),
        (arguments.seconds, "1e9", 1e9),
        (arguments.host, "localhost", "localhost"),
        (arguments.host, "chat.example", "chat.example"),
        (arguments.host, "127.0.0.1", "127.0.0.1"),
        (arguments.host, "::1", "::1"),
        (arguments.host, "[::1]", "::1"),
        (arguments.host, "fe80::1%eth0", "fe80::1%eth0"),
        (arguments.host, "[fe80::1%eth0]", "fe80::1%eth0"),
        (arguments.host, "2001:db8::9090", "2001:db8::9090"),
        (arguments.given("a file"), "x", "x"),
    ],
)
def test_what_is_taken(check: Callable[[str], object], text: str, value: object) -> None:
    """Addresses with brackets and without, and numbers that the system holds."""
    assert check(text) == value


@pytest.mark.parametrize(
    ("check", "text", "complaint"),
    [
        *[
            (arguments.port, text, "no port")
            for text in ("", "0", "-1", "65536", "1e3", "9" * 5000, "x", "1.0")
        ],
        *[(arguments.seconds, text, "no number") for text in ("", "-1", "nan", "x", "-inf", "1 s")],
        *[(arguments.seconds, text, "more than") for text in ("1e10", "1e18", "inf", "9" * 5000, "1e400")],
        *[(arguments.host, text, "--port 9090") for text in ("localhost:9090", "[::1]:9090", ":9090")],
        *[(arguments.host, text, "no host") for text in ("", "[]", " ", "a b", "http://x", "[::1", "::1]")],
        *[(arguments.given("a file"), text, "give a file") for text in ("", " ", "\t")],
    ],
)
def test_what_is_refused(check: Callable[[str], object], text: str, complaint: str) -> None:
    """With a sentence that says what is wrong, however large a number is."""
    with pytest.raises(ArgumentTypeError, match=complaint):
        check(text)


@pytest.mark.parametrize(
    ("value", "setting"),
    [
        ("9091", "9091"),
        (" 9091\n", "9091"),
        ("", "9090"),
        (" ", "9090"),
        ("tcp://10.96.0.12:9090", "9090"),
        ("udp://10.96.0.12:9090", "9090"),
        ("wrong", "wrong"),
    ],
)
def test_what_of_the_environment_is_a_setting(value: str, setting: str) -> None:
    """What is empty was not set, and what Kubernetes sets for its services is meant for nobody here."""
    assert arguments.setting({"CHAT_CLIENT_PORT": value}, "CHAT_CLIENT_PORT", "9090") == setting
    assert arguments.setting({}, "CHAT_CLIENT_PORT", "9090") == "9090"


def test_a_secret_stands_in_a_file_or_in_the_environment() -> None:
    """The file that is named, then the one that the environment names, then the environment."""
    files = {"a": "one\nmore\n", "b": "two\r\n"}
    environment, read = {"CHAT_CLIENT_PASSWORD": "three"}, files.__getitem__
    assert arguments.secret(environment, "CHAT_CLIENT_PASSWORD", None, read) == "three"
    environment |= {"CHAT_CLIENT_PASSWORD_FILE": "b"}
    assert arguments.secret(environment, "CHAT_CLIENT_PASSWORD", None, read) == "two"
    assert arguments.secret(environment, "CHAT_CLIENT_PASSWORD", "a", read) == "one"
    assert arguments.secret({}, "CHAT_CLIENT_PASSWORD", None, read) is None


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (FileNotFoundError(2, "No such file or directory"), "cannot read a: No such file"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), "not UTF-8"),
        (None, "nothing in its first line"),
    ],
)
def test_a_file_without_a_secret_is_a_clear_error(fault: Exception | None, said: str) -> None:
    """It names the file."""

    def read(_: str) -> str:
        if fault is not None:
            raise fault
        return "\nsecond line"

    with pytest.raises(SetupError, match=said):
        arguments.secret({}, "CHAT_CLIENT_TOKEN", "a", read)
