"""What is made of a connection to each endpoint: the one file that knows which dialects there are."""

import functools
import socket
import threading
from collections.abc import Callable

from chat_protocol.codec import client_decoder
from chat_server.config import Config
from chat_server.net.dialects import Dialect
from chat_server.net.dialects.irc.dialect import Irc
from chat_server.net.dialects.irc.settings import IrcSettings
from chat_server.net.dialects.irc.tables import settings_of
from chat_server.net.dialects.jsonlines import JsonLines, JsonLinesSettings
from chat_server.net.listener import Entrance
from chat_server.net.settings import greeting
from chat_server.net.tls import Certificates, TlsTransport
from chat_server.net.transport import TcpTransport, Transport


def entrances(config: Config, certificates: Certificates | None) -> list[Entrance]:
    """Return an entrance for each endpoint of the settings, which were checked."""
    dialects = _dialects(config)

    def encrypted(sock: socket.socket) -> Transport:
        assert certificates is not None  # noqa: S101  # the settings were checked
        return TlsTransport(sock, certificates.context)  # the certificate that is in force now

    return [
        Entrance(each, encrypted if each.tls else TcpTransport, dialects[each.dialect])
        for each in config.endpoints
    ]


def _dialects(config: Config) -> dict[str, Callable[[], Dialect]]:
    """Return what makes each dialect for one connection."""
    json_lines = JsonLinesSettings(client_decoder(config.line_bytes), greeting(config))
    return {
        "chat": functools.partial(JsonLines, json_lines),
        "irc": functools.partial(_irc, settings_of(json_lines.request)),
    }


def _irc(settings: IrcSettings) -> Irc:
    # Guards what the dialect remembers of the connection.
    lock = threading.Lock()
    return Irc(settings, lock)
