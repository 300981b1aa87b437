"""What is made of a connection to each endpoint: the one file that knows which dialects there are."""

import functools
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import resources

from chat_protocol.codec import client_decoder
from chat_server.config import Config
from chat_server.net.dialects import Dialect
from chat_server.net.dialects.irc.dialect import Irc
from chat_server.net.dialects.irc.settings import IrcSettings
from chat_server.net.dialects.irc.tables import settings_of
from chat_server.net.dialects.jsonlines import JsonLines, JsonLinesSettings
from chat_server.net.dialects.websocket import WebSocket, WebSocketSettings
from chat_server.net.http.exchange import Route
from chat_server.net.http.hosts import Hosts
from chat_server.net.http.pages import Page, read_pages
from chat_server.net.http.site import Site
from chat_server.net.listener import Entrance
from chat_server.net.settings import greeting
from chat_server.net.tls import Certificates, TlsTransport
from chat_server.net.transport import TcpTransport, Transport
from chat_server.values import Endpoint


def entrances(
    config: Config, certificates: Certificates | None, routes: Sequence[Route] = ()
) -> list[Entrance]:
    """Return an entrance for each endpoint of the settings, which were checked.

    `routes` are what the HTTP endpoints have beside the page.
    """
    shared = JsonLinesSettings(client_decoder(config.line_bytes), greeting(config))

    def encrypted(sock: socket.socket) -> Transport:
        assert certificates is not None  # noqa: S101  # the settings were checked
        return TlsTransport(sock, certificates.context)  # the certificate that is in force now

    return [
        Entrance(each, encrypted if each.tls else TcpTransport, _dialect(each, config, shared, routes))
        for each in config.endpoints
    ]


def _dialect(
    endpoint: Endpoint, config: Config, shared: JsonLinesSettings, routes: Sequence[Route]
) -> Callable[[], Dialect]:
    """Return what makes the dialect of one connection; `shared` is the same at all endpoints."""
    if endpoint.dialect == "http":
        site = Site(_pages(), Hosts(config.web_hosts, certified=endpoint.tls), routes)
        return functools.partial(WebSocket, WebSocketSettings(shared.decoder, shared.request, site))
    if endpoint.dialect == "irc":
        return functools.partial(_irc, settings_of(shared.request, config.irc_name))
    return functools.partial(JsonLines, shared)


@functools.cache
def _pages() -> Mapping[str, Page]:
    """Return the page's files, which are read and compressed once for all endpoints."""
    return read_pages(resources.files("chat_server") / "web")


def _irc(settings: IrcSettings) -> Irc:
    # Guards what the dialect remembers of the connection.
    lock = threading.Lock()
    return Irc(settings, lock)
