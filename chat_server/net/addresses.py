"""Listening sockets: on every address that a host has here, IPv4 and IPv6 alike."""

import errno
import socket

from chat_server.errors import ListenError
from chat_server.values import shown


def host_of(shown_: str) -> str:
    """Return the host of an address that `shown` made."""
    return shown_.rpartition(":")[0].strip("[]")


def bound(host: str, port: int, option: str, backlog: int) -> list[socket.socket]:
    """Listen on every address of the host, all with one port; `option` is the prefix of what sets it.

    Raises `ListenError`, which says what to do about it.
    """
    flags = f"--{option}{{}}" if option else "--{} or --listen"
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(
            f"cannot find the address {host!r}: {error.strerror}; give another {flags.format('host')}"
        ) from None
    except ValueError:  # UnicodeError: a label of the name is empty or too long; or there is a NUL in it
        raise ListenError(f"{host!r} is no name of a host; give another {flags.format('host')}") from None
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            chosen = sockets[0].getsockname()[1] if sockets else port
            sock = _bound(family, (address[0], chosen, *address[2:]), backlog)
            if sock is not None:
                sockets.append(sock)
    except OSError as error:
        for sock in sockets:
            sock.close()
        another = f"choose another with {flags.format('port')}"
        raise ListenError(f"cannot listen on {shown(host, port)}: {error.strerror}; {another}") from None
    if not sockets:
        raise ListenError(f"this machine has no address {host!r}; give another {flags.format('host')}")
    return sockets


def _bound(family: int, address: tuple[object, ...], backlog: int) -> socket.socket | None:
    """Return a listening socket; none if this machine lacks the address (IPv6 switched off, say)."""
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            raise
        return None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)  # socket's own signature
        sock.bind(address)
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return sock
