"""Which pages may use the chat from a browser: its own, under a name that is the server's. Pure.

A page of another site could open a WebSocket to any server that its visitor reaches (RFC 6455, 10.2);
browsers tell whose page it is (`Origin`). And if a stranger makes a name of theirs lead to an address in the
visitor's own network (DNS rebinding), their page looks like the server's own. So the operator must give the
names that a stranger could have, unless a certificate speaks for them.
"""

import ipaddress
import re
from collections.abc import Sequence

from chat_server.net.http.exchange import Request, Response, plain

#: A host and its port as `Host` has them (RFC 9110, 7.2).
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(\d{0,5}))?", re.ASCII)
_ORIGIN = re.compile(r"(https?)://(.+)")
_PORTS = {"http": "80", "https": "443"}
#: Names that nobody can have on the Internet, like those without a dot (RFC 6761, RFC 6762, RFC 8375; ICANN
#: keeps `internal` free).
PRIVATE_NAMES = (".localhost", ".local", ".internal", ".home.arpa")
#: Has every name taken.
ANY = "*"


class Hosts:
    """The names of this server.

    `names` are those that its operator gives. With `certified` all others are taken as well: a browser does
    not come through TLS by a name that the certificate has not.
    """

    def __init__(self, names: Sequence[str] = (), *, certified: bool = False) -> None:
        self._names = frozenset(each.casefold().rstrip(".") for each in names)
        self._any = certified or ANY in names

    def refusal(self, request: Request) -> Response | None:
        """Return the answer for a page under a name that is not the server's; none if it is."""
        host = request.headers.get("host", "")
        match = _HOST.fullmatch(host)
        if match is None:
            return plain(400, "The Host header is no name or address; open the page under its usual one.")
        if self._any or _is_private(match[1]) or self._is_named(match[1]):
            return None
        name = match[1]
        return plain(
            421,
            f"This chat does not know {name} as its name. If you run it, start it with --web-hosts {name}",
        )

    def refusal_to_join(self, request: Request) -> Response | None:
        """Return the answer for a WebSocket that another site's page asks for; none if it may be.

        Programs have no `Origin`, and no visitor whom they could deceive.
        """
        origin = request.headers.get("origin")
        if origin is None:
            return None
        match = _ORIGIN.fullmatch(origin)
        site = None if match is None else _HOST.fullmatch(match[2])
        if match is None or site is None:
            return plain(403, "Only this chat's own page may open a WebSocket from a browser; use that.")
        if self._is_named(site[1]):
            return None
        here = _HOST.fullmatch(request.headers.get("host", ""))
        port = _PORTS[match[1]]
        if here is None or _same(here, port) != _same(site, port):
            return plain(
                403,
                f"This page is from {match[2]}, but the chat it asks for is at"
                f" {request.headers.get('host')}; open that one's own page. If you run it behind a proxy,"
                f" have the proxy keep the Host header, or start the chat with --web-hosts {site[1]}",
            )
        return self.refusal(request)

    def _is_named(self, name: str) -> bool:
        return name.casefold().rstrip(".") in self._names


def _same(host: re.Match[str], port: str) -> tuple[str, str]:
    return host[1].casefold(), host[2] or port


def _is_private(name: str) -> bool:
    """Tell whether no stranger can have this name, or it is an address."""
    name = name.casefold().rstrip(".")
    if "." not in name or name.endswith(PRIVATE_NAMES):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
