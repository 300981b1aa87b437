"""What is given on the command line and in the environment, checked before anything begins. Pure."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping

from chat_client.errors import SetupError

LAST_PORT = 65535
#: 31 years; timers of the system hold 292.
LONGEST_SECONDS = 1_000_000_000
_HOST_AND_PORT = re.compile(r"(?:\[[^\]]*\]|[^:]*):(\d{1,5})", re.ASCII)
#: How Kubernetes tells each container where the services are: a service `chat-client` sets CHAT_CLIENT_PORT.
_SERVICE = re.compile(r"(?:tcp|udp|sctp)://")


def port(text: str) -> int:
    """Return the number of a port."""
    if not re.fullmatch(r"\d{1,5}", text) or not 0 < int(text) <= LAST_PORT:
        raise ArgumentTypeError(f"“{text}” is no port; give a number from 1 to {LAST_PORT}")
    return int(text)


def seconds(text: str) -> float:
    """Return a number of seconds that every clock can hold."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not number >= 0:
        raise ArgumentTypeError(f"“{text}” is no number of seconds")
    if number > LONGEST_SECONDS:
        raise ArgumentTypeError(f"“{text}” is more than the most there may be, {LONGEST_SECONDS} seconds")
    return number


def host(text: str) -> str:
    """Return the name or address of a host; an IPv6 address may stand in brackets."""
    inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if match := _HOST_AND_PORT.fullmatch(text):
        raise ArgumentTypeError(f"“{text}” has a port in it; give that with --port {match[1]}")
    if not inside or re.search(r"[\s/\[\]]", inside):
        raise ArgumentTypeError(f"“{text}” is no host; give a name or an address, such as localhost or ::1")
    return inside


def given(what: str) -> Callable[[str], str]:
    """Return what takes a text that must not be empty, as that of a variable that was never set is."""

    def check(text: str) -> str:
        if not text.strip():
            raise ArgumentTypeError(f"it is empty; give {what}, or leave the option out")
        return text

    return check


def secret(
    environment: Mapping[str, str], name: str, file: str | None, read: Callable[[str], str]
) -> str | None:
    """Return a secret: the first line of a file that is named, or of the one that NAME_FILE names, or NAME.

    It is never an argument itself: others see those. Raises `SetupError`.
    """
    path = file or environment.get(f"{name}_FILE", "").strip()
    if not path:
        return environment.get(name) or None
    try:
        line = read(path).partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SetupError(f"cannot read {path}: {why}") from None
    if not line:
        raise SetupError(f"{path} has nothing in its first line; write the secret there")
    return line


def setting(environment: Mapping[str, str], name: str, default: str | None) -> str | None:
    """Return a setting of the environment, or the default if it is empty or not meant for this program."""
    value = environment.get(name, "").strip()
    return default if not value or _SERVICE.match(value) else value
