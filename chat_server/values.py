"""What a setting's value may be: each function takes what was given, a text or a value of TOML.

It returns the value, or raises `ValueError` with what it must be.
"""

import ipaddress
import re
import urllib.parse
from collections.abc import Callable
from typing import NamedTuple

LAST_PORT = 65535
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NETWORKS = "must be networks such as 10.0.0.0/8 or fd00::/8, with spaces between, or none"
#: Longer ones are refused by many servers (RFC 9110, 4.1, asks for 8,000 at least).
WEB_ADDRESS_LENGTH = 2048
#: This machine, and the networks that nobody reaches from outside (RFC 1918, RFC 4193, RFC 4291): behind
#: Docker's port forwarding all peers seem to come from one of them.
PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
#: What endpoints may speak, and the port if none is given; with TLS the name has an `s` behind it.
SCHEMES = {"chat": 9090, "chats": 9443, "http": 8080, "https": 8443, "irc": 6667, "ircs": 6697}
ENDPOINTS = (
    f"must be one or more of {', '.join(f'{scheme}://HOST:PORT' for scheme in SCHEMES)}; without HOST it is"
    f" every address, without PORT the usual one; PORT is at most {LAST_PORT}"
)


def shown(host: str, port: int) -> str:
    """Return an address as people write it: IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Endpoint(NamedTuple):
    """Where to listen, and for what: one of `SCHEMES`. An empty host is every address."""

    scheme: str
    host: str
    port: int

    @property
    def tls(self) -> bool:
        """Whether with TLS."""
        return self.scheme.endswith("s")

    @property
    def dialect(self) -> str:
        """What is spoken there: chat, irc or http."""
        return self.scheme.removesuffix("s")

    def __str__(self) -> str:
        return f"{self.scheme}://{shown(self.host, self.port)}"


def text(value: object) -> str:
    """Take a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
    return value


def path(value: object) -> str:
    """Take the path of a file, or nothing."""
    if not isinstance(value, str):
        raise ValueError("must be the path of a file")  # noqa: TRY004  # as every parser here
    return value


def whole(least: int, most: int) -> Callable[[object], int]:
    """Take a whole number in these bounds."""

    def parse(value: object) -> int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | str)
            or not str(value).strip().lstrip("+").isdecimal()
        ):
            raise ValueError(f"must be a whole number from {least} to {most}")
        if not least <= int(value) <= most:
            raise ValueError(f"must be from {least} to {most}")
        return int(value)

    return parse


def seconds(least: float, most: float) -> Callable[[object], float]:
    """Take a number of seconds in these bounds."""
    return number(least, most, "a number of seconds")


def number(least: float, most: float, what: str = "a number") -> Callable[[object], float]:
    """Take a number in these bounds."""

    def parse(value: object) -> float:
        try:
            taken = (
                float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
            )
        except ValueError:
            taken = None
        if taken is None or not least <= taken <= most:
            raise ValueError(f"must be {what} from {least:g} to {most:g}")
        return taken

    return parse


def one_of(*words: str) -> Callable[[object], str]:
    """Take one of these words."""

    def parse(value: object) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return str(value)

    return parse


def switch(value: object) -> bool:
    """Take `on` or `off`, or a truth value of TOML."""
    if isinstance(value, bool):
        return value
    if value not in ("on", "off"):
        raise ValueError("must be on or off")
    return value == "on"


def journal(value: object) -> str:
    """Take `memory`, or `sqlite:` and a path."""
    given = text(value)
    kind, _, file = given.partition(":")
    if given != "memory" and (kind != "sqlite" or not file):
        raise ValueError("must be memory, or sqlite:PATH such as sqlite:/var/lib/chat/chat.db")
    return given


def endpoints(value: object) -> tuple[Endpoint, ...]:
    """Take places to listen on, in one text or a list."""
    given = [value] if isinstance(value, str) and value.strip() else value or ()
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise ValueError(ENDPOINTS)
    texts = [text for each in given for text in re.split(r"[,\s]+", each.strip())]
    found = tuple(each for text in texts if (each := _endpoint(text)) is not None)
    if len(found) != len(texts):
        wrong = next(text for text in texts if _endpoint(text) is None)
        raise ValueError(ENDPOINTS if len(texts) == 1 else f"{ENDPOINTS}; {wrong!r} is none of these")
    return found


def _endpoint(text: str) -> Endpoint | None:
    match = re.fullmatch(r"([a-z]+)://(\[[0-9A-Fa-f:.%\w]+\]|[^\s/:\[\]]*)(?::(\d{1,5}))?/?", text)
    if match is None or match[1] not in SCHEMES or not (match[2] or match[3]):
        return None
    port = SCHEMES[match[1]] if match[3] is None else int(match[3])
    return Endpoint(match[1], match[2].strip("[]"), port) if port <= LAST_PORT else None


def web_address(value: str) -> str:
    """Take an address of the web, which may be asked without a name and a password in it."""
    is_plain = value.isascii() and value.isprintable() and " " not in value
    try:
        parts = urllib.parse.urlsplit(value)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not (is_good and is_plain) or len(value) > WEB_ADDRESS_LENGTH:
        raise ValueError(f"{value!r} is no address such as https://bot.example.org/chat")
    if parts.username is not None or parts.fragment:
        raise ValueError("an address without user, password and # is needed")
    return value


def networks(value: object) -> tuple[Network, ...]:
    """Take networks, in one text or a list."""
    texts = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(texts, list | tuple):
        raise ValueError(NETWORKS)  # noqa: TRY004  # as every parser here
    try:
        return tuple(ipaddress.ip_network(text) for text in texts if text != "none")
    except ValueError:
        raise ValueError(NETWORKS) from None


def hosts(value: object) -> tuple[str, ...]:
    """Take names of hosts, in one text or a list; `*` is any."""
    texts = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(
        isinstance(text, str) and re.fullmatch(r"\*|[\w-]+(\.[\w-]+)*", text, re.ASCII) for text in texts
    ):
        raise ValueError("must be names such as chat.example.org, with spaces between, * for any, or none")
    return tuple(text.lower() for text in texts if text != "none")


def server_name(value: object) -> str:
    """Take the name of a server of IRC, which clients tell from a nick by its dot."""
    if not isinstance(value, str) or not re.fullmatch(r"(?=.{3,63}$)[\w-]+(\.[\w-]+)+", value, re.ASCII):
        raise ValueError("must be a name with a dot such as irc.example.org, of 63 characters at most")
    return value


def cpus(value: object) -> str:
    """Take `auto`, `all`, or numbers with commas between."""
    given = text(value)
    if given not in ("auto", "all") and not all(part.isdecimal() for part in given.split(",")):
        raise ValueError("must be auto, all or a list of CPUs such as 0,2")
    return given
