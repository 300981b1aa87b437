"""The command `chat-server admin`: what an operator does to a running server from a shell."""

import argparse
import itertools
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from chat_server import config
from chat_server.errors import ConfigError, OperatorError
from chat_server.ops import admin_messages as admin
from chat_server.parser import Parser
from chat_server.store.sqlite import beside
from chat_server.text import age, columns, duration, visible
from chat_server.unix_socket import connected

#: The socket lies beside the journal, under its name and this.
ENDING = "-admin"
#: For so many seconds the server may be silent.
SILENCE_SECONDS = 70.0
EPILOG = """\
examples:
  chat-server admin connections --journal sqlite:chat.db     who is connected, from where, since when
  chat-server admin kick dave --reason "cool down"           CHAT_JOURNAL names the server's journal
  chat-server admin ban mallory --for 2d --reason spam       a name, or an account if there is one
  chat-server admin ban 192.0.2.0/24                         a network; an address alone is one host
  chat-server admin unban mallory
  chat-server admin mute mallory --for 10m                   read, but not speak, in no room
  chat-server admin notice "we restart at noon"
  chat-server admin bans --json | jq                         each line a JSON object

What was done, by whom: chat-server audit. With Compose:
  docker compose exec server chat-server admin users
"""


def socket_path(settings: config.Config) -> Path | None:
    """Return where the admin socket is, none if there is to be none. Raises `OperatorError`."""
    if settings.admin_socket == "auto":
        return beside(settings.journal, ENDING)
    return None if settings.admin_socket == "none" else Path(settings.admin_socket)


def main(arguments: Sequence[str]) -> list[str]:
    """Do what the arguments after `admin` say; return the lines to show. Raises `OperatorError`."""
    options = _parser().parse_args(arguments)
    given = {"journal": options.journal, "admin_socket": options.admin_socket}
    path = socket_path(config.load(given, os.environ, options.config).config)
    if path is None:
        raise ConfigError("which server? say with --journal sqlite:PATH, or --admin-socket PATH")
    rows: list[admin.Row] = []
    said: list[admin.Said] = []
    for answer in _answers(path, REQUESTS[options.command](options)):
        if isinstance(answer, admin.Refused):
            raise OperatorError(visible(answer.text))
        if isinstance(answer, admin.Warned):
            print(f"chat-server: {visible(answer.text)}", file=sys.stderr)  # noqa: T201  # for a person
        elif isinstance(answer, admin.Said):
            said.append(answer)
        elif not isinstance(answer, admin.Done):
            rows.append(answer)
    if options.json:
        # In ASCII, so that a terminal obeys none of it.
        return [json.dumps(msgspec.to_builtins(each)) for each in (*rows, *said)]
    return [visible(each.text) for each in said] or _table(options.command, rows)


def _parser() -> Parser:
    parser = Parser(
        prog="chat-server admin",
        description="Looks after a running server, over its admin socket.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    every = Parser(add_help=False)
    every.add_argument("--journal", help="the server's journal, sqlite:PATH; the socket lies beside it")
    every.add_argument("--admin-socket", metavar="PATH", help="the server's socket, if it lies elsewhere")
    every.add_argument("--config", metavar="FILE", help="the server's file of settings")
    every.add_argument("--json", action="store_true", help="a JSON object a line, for programs")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> Parser:
        made: Parser = commands.add_parser(name, help=text, parents=[every], allow_abbrev=False)
        return made

    command("connections", "list the connections, and how many bytes wait for each")
    command("users", "list the users who are connected")
    command("rooms", "list the rooms")
    command("bans", "list the bans and mutes in force")
    kick = command("kick", "end all connections of a user, who may come again")
    kick.add_argument("name", help="name of the user")
    ban = command("ban", "let somebody in no more, and end their connections")
    ban.add_argument("who", help="a name, an account, an IP address or a network")
    mute = command("mute", "let somebody read, but not speak")
    mute.add_argument("who", help="a name or an account")
    for each in (ban, mute):
        each.add_argument("--for", dest="length", metavar="TIME", help="30m, 2h or 1d (default: for ever)")
    for each in (kick, ban, mute):
        each.add_argument("--reason", default="", help="why; they are told, and the audit keeps it")
    unban = command("unban", "end a ban")
    unmute = command("unmute", "let somebody speak again")
    for each in (unban, unmute):
        each.add_argument("who", help="as `bans` shows it")
    notice = command("notice", "tell everybody something")
    notice.add_argument("text", help="what to tell")
    command("drain", "take nobody new; /readyz says no")
    command("undrain", "take people again")
    command("reload", "read settings and certificate again, as on SIGHUP")
    return parser


def _seconds(options: argparse.Namespace) -> float | None:
    """Return for how long something is asked, none for ever. Raises `ConfigError`."""
    try:
        seconds = None if options.length is None else duration(options.length)
    except ValueError as error:
        raise ConfigError(f"--for: {options.length!r} {error}") from None
    if seconds is not None and seconds > admin.BAN_SECONDS:
        raise ConfigError("--for: at most 3650d; leave it out for ever")
    return seconds


REQUESTS: Mapping[str, Callable[[argparse.Namespace], admin.Request]] = {
    "connections": lambda _: admin.Connections(),
    "users": lambda _: admin.Users(),
    "rooms": lambda _: admin.Rooms(),
    "bans": lambda _: admin.ListBans(),
    "kick": lambda options: admin.Kick(options.name, options.reason),
    "ban": lambda options: admin.BanSomebody(options.who, _seconds(options), options.reason),
    "unban": lambda options: admin.Unban(options.who),
    "mute": lambda options: admin.MuteSomebody(options.who, _seconds(options), options.reason),
    "unmute": lambda options: admin.Unmute(options.who),
    "notice": lambda options: admin.Tell(options.text),
    "drain": lambda _: admin.Drain(),
    "undrain": lambda _: admin.Undrain(),
    "reload": lambda _: admin.Reload(),
}


def _answers(path: Path, request: admin.Request) -> Iterator[admin.Answer]:
    """Ask a server; return the lines of its answer. Raises `OperatorError`."""
    try:
        asked = admin.encode(request) + b"\n"
    except UnicodeEncodeError:
        raise ConfigError("what is typed must be UTF-8") from None
    try:
        with connected(path, SILENCE_SECONDS) as sock:
            sock.sendall(asked)
            yield from map(admin.decode_answer, _received(sock))
    except FileNotFoundError:
        raise OperatorError(
            f"there is no {path}; is the server running? name its journal (--journal) or --admin-socket"
        ) from None
    except ConnectionRefusedError:
        raise OperatorError(f"nobody answers at {path}; start the server") from None
    except PermissionError:
        raise OperatorError(f"you may not use {path}; ask as the server's user, or as root") from None
    except TimeoutError:
        raise OperatorError(f"no answer from {path} within {SILENCE_SECONDS:g} s; try again") from None
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; try again") from None
    except msgspec.DecodeError:
        raise OperatorError("the server is of another version; use the chat-server that it runs") from None


def _received(sock: socket.socket) -> list[bytes]:
    """Return the lines of an answer, which must be complete. Raises `OSError`, `OperatorError`."""
    data = bytearray()
    while received := sock.recv(1 << 16):
        data += received
        if len(data) > 2 * admin.ANSWER_BYTES:
            raise OperatorError("the server's answer has no end; is this a chat server?")
    lines = bytes(data).split(b"\n")[:-1]
    if not lines or lines[-1] != admin.encode(admin.Done()):
        raise OperatorError("the server broke off its answer; look at its log, and try again")
    return lines


def _table(command: str, rows: Sequence[admin.Row]) -> list[str]:
    if not rows:
        return [EMPTY[command]]
    return columns([HEADS[type(rows[0])], *map(_cells, rows)])


EMPTY = {
    "connections": "nobody is connected",
    "users": "nobody is here",
    "rooms": "there are no rooms",
    "bans": "nobody is banned or muted",
}
HEADS: Mapping[type[admin.Row], Sequence[str]] = {
    admin.ConnectionRow: ("NUMBER", "NAME", "IS", "FROM", "SINCE", "WAITING", "ROOMS"),
    admin.UserRow: ("NAME", "IS", "CONNECTIONS", "ROOMS"),
    admin.RoomRow: ("ROOM", "USERS", "TOPIC"),
    admin.BanRow: ("KIND", "WHO", "ENDS IN", "BY", "REASON"),
}


def _cells(row: admin.Row) -> Sequence[str]:
    match row:
        case admin.ConnectionRow():
            kind = "" if not row.name else _kind(row.account)
            since, waiting = age(row.seconds), f"{row.waiting} B"
            return (str(row.number), row.name or "-", kind, row.peer, since, waiting, _listed(row.rooms))
        case admin.UserRow():
            return (row.name, _kind(row.account), str(row.connections), _listed(row.rooms))
        case admin.RoomRow():
            return (row.name, str(row.users), row.topic)
        case admin.BanRow():
            ends = "never" if row.seconds is None else age(row.seconds)
            return (row.kind, row.who, ends, row.actor, row.reason)


def _kind(account: bool) -> str:  # noqa: FBT001  # the one fact that it depends on
    return "account" if account else "guest"


def _listed(rooms: Sequence[str], most: int = 5) -> str:
    left_out = len(rooms) - most
    return " ".join([*itertools.islice(rooms, most), *([f"+{left_out}"] if left_out > 0 else [])])
