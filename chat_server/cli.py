"""The command `chat-server`."""

import argparse
import contextlib
import dataclasses
import http.client
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from chat_server import (
    __version__,
    admin_command,
    audit_command,
    config,
    dev_cert,
    erase_command,
    hook_command,
    log,
    user_command,
)
from chat_server.config import Config
from chat_server.errors import ConfigError, OperatorError
from chat_server.journal.base import Journal
from chat_server.journal.memory import MemoryJournal
from chat_server.journal.sqlite import maintenance
from chat_server.journal.sqlite.journal import SqliteJournal
from chat_server.net import system
from chat_server.net.server import Server
from chat_server.ops.admin import AdminServer
from chat_server.ops.desk import Desk
from chat_server.ops.http import SideServer
from chat_server.ops.routes import routes
from chat_server.output import standard_output
from chat_server.parser import Parser
from chat_server.reload import Reload
from chat_server.signals import Signals
from chat_server.sqlite_file import named
from chat_server.store.sqlite import ENDING, SqliteStore, beside, copy
from chat_server.stream.pacing import SWITCH_SECONDS
from chat_server.values import shown

logger = structlog.get_logger()

#: How many messages of each room are kept in memory, if the setting says nothing.
MEMORY_MESSAGES = 1000

#: Commands with arguments and a --help of their own, by what comes after `chat-server`.
COMMANDS_APART: Mapping[str, Callable[[Sequence[str]], list[str]]] = {
    "user": user_command.main,
    "hook": hook_command.main,
    "erase": erase_command.main,
    "admin": admin_command.main,
    "audit": audit_command.main,
}
#: The commands on a journal in a file.
MAINTENANCE = ("export", "backup", "check")

#: By how many seconds a stop may take longer than `drain_timeout`, whatever hangs, before the process ends.
OVERDUE_SECONDS = 10.0
#: How long, in seconds, a health check may take as a whole.
HEALTHCHECK_SECONDS = 5.0

DESCRIPTION = """\
A chat server: one JSON object a line over TCP. `nc localhost 9090` is a client; chat-client is a
comfortable one. Logs go to stdout, metrics and health to http://localhost:9464/metrics, /healthz, /readyz.
SIGTERM or Ctrl-C ends it in order; a second one ends it at once. SIGHUP reads the log
level and the certificate again.
"""
EPILOG = """\
examples:
  chat-server                                serve on localhost:9090
  chat-server --host 0.0.0.0 --port 7000     serve every IPv4 address on port 7000
  CHAT_LOG_LEVEL=debug chat-server           a setting from the environment
  chat-server --print-config                 show every setting and where it comes from
  chat-server healthcheck                    ask a running server whether it is well; 0 is yes
  chat-server --journal sqlite:chat.db       keep the messages in a file
  chat-server export --journal sqlite:chat.db --room lobby > lobby.jsonl    its messages, one a line
  chat-server backup --journal sqlite:chat.db chat-monday.db                a checked copy, while it runs
  chat-server check --journal sqlite:chat.db                                is the file sound? 0 is yes
  chat-server user --help                    accounts: who may log in, tokens of bots, invitations
  chat-server hook --help                    programs that post with one HTTP request, and that are told
  chat-server erase --help                   remove what one account said
  chat-server admin --help                   a running server: who is here, kick, ban, notice, drain
  chat-server audit                          what operators and moderators did
  chat-server dev-cert tls                   a certificate for localhost, to try TLS with
  chat-server --tls-cert tls/cert.pem --tls-key tls/key.pem
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0 well, 1 not, 2 not understood."""
    system.hold_standard_descriptors()
    parser = _parser()
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in COMMANDS_APART:
        return _status(lambda: _print_lines(COMMANDS_APART[given[0]](given[1:])))
    parser.refuse_unknown(given)
    options = parser.parse_intermixed_args(given)
    if options.target and options.command not in {"backup", "dev-cert"}:
        parser.error(f"{options.command} takes no TARGET, only backup and dev-cert do")
    if not options.target and options.command == "dev-cert":
        parser.error("dev-cert needs a directory to write to: chat-server dev-cert tls")
    if options.room and options.command != "export":
        parser.error(f"{options.command} takes no --room, only export does")
    return _status(lambda: _run(options))


def _status(command: Callable[[], int]) -> int:
    """Return a command's exit status; tell a person what stopped it."""
    try:
        return command()
    except ConfigError as error:
        print(f"chat-server: {error}", file=sys.stderr)  # noqa: T201  # for a person
        return 2
    except OperatorError as error:
        print(f"chat-server: {error}", file=sys.stderr)  # noqa: T201  # for a person
        return 1


def _run(options: argparse.Namespace) -> int:
    """Run the command. Raises `OperatorError`."""
    if options.command == "dev-cert":
        return _print(dev_cert.make(options.target))
    loaded = config.load(vars(options), os.environ, options.config)
    if options.print_config:
        return _print(config.show(loaded))
    if options.command == "healthcheck":
        return healthcheck(loaded.config)
    if options.command in MAINTENANCE:
        return maintain(options, loaded.config)
    return serve(loaded.config, lambda: config.load(vars(options), os.environ, options.config).config)


def _print_lines(lines: Sequence[str]) -> int:
    """Write lines to stdout, if there are any; return the exit status. Raises `OperatorError`."""
    return _print("\n".join(lines)) if lines else 0


def _print(text: str) -> int:
    """Write what was asked for to stdout; return the exit status. Raises `OperatorError`."""
    try:
        with standard_output() as out:
            out.write(f"{text}\n")
    except OSError as error:
        raise OperatorError(f"it could not be shown: {error.strerror}") from None
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="chat-server",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=("serve", "healthcheck", "dev-cert", *MAINTENANCE),
        default="serve",
        help="default: serve; export, backup and check look after a journal, beside its server or without;"
        " dev-cert makes a certificate to try TLS with. Five more have a --help of their own: user makes"
        " accounts, hook lets programs post, erase removes what one said, admin looks after a running server,"
        " audit shows what was done",
    )
    parser.add_argument(
        "target",
        nargs="?",
        type=Path,
        metavar="TARGET",
        help="backup: the file to make; dev-cert: the directory",
    )
    parser.add_argument("--room", help="export: the messages of this room alone")
    parser.add_argument("--version", action="version", version=f"chat-server {__version__}")
    parser.add_argument("--config", metavar="FILE", help="a TOML file with settings")
    parser.add_argument(
        "--print-config", action="store_true", help="show the settings and where each comes from"
    )
    config.add_arguments(parser)
    return parser


def maintain(options: argparse.Namespace, settings: Config) -> int:
    """Export, back up or check the journal that the settings name. Raises `OperatorError`."""
    kind, _, path = settings.journal.partition(":")
    if kind != "sqlite":
        raise ConfigError(f"{options.command} is for a journal in a file: give --journal sqlite:PATH")
    store = beside(settings.journal)
    if options.command != "backup" or options.target is None or store is None or not store.exists():
        return maintenance.run(options.command, named(path), options.room, options.target)
    target = options.target.with_name(options.target.name + ENDING)
    if target.exists():
        raise ConfigError(f"{target} is there already, and a backup overwrites nothing; give another name")
    status = maintenance.run(options.command, named(path), None, options.target)
    if status == 0:
        copy(store, target)
    return status


def serve(settings: Config, reload: Callable[[], Config]) -> int:
    """Serve until a signal ends it. Raises `OperatorError` if it cannot start; nothing is left then."""
    log.configure(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_SECONDS)
    started: list[Server] = []
    reading = Reload(reload, started)
    signals = Signals(reading)
    cpus = _pin(settings)
    system.raise_descriptors(settings.connections)
    wanted = settings.connections
    settings = dataclasses.replace(settings, connections=system.capacity(wanted))
    server, side, shell = _started(settings, reading)
    started.append(server)
    logger.info(
        "listening",
        port=server.port,
        metrics_port=side.port,
        endpoints=[str(each) for each in server.endpoints],
        pid=os.getpid(),
        cpus=sorted(cpus),
    )
    for shortage in system.shortages(wanted):
        logger.warning("limits_low", text=shortage)
    signals.wait()
    _end_for_sure(settings.drain_timeout + OVERDUE_SECONDS)
    try:
        if shell is not None:
            shell.stop()
        server.stop(signals.reason)
    finally:
        side.stop()
        log.flush()
    return 0


def _started(settings: Config, reload: Reload) -> tuple[Server, SideServer, AdminServer | None]:
    """Start all servers, or none. Raises `OperatorError`."""
    path = admin_command.socket_path(settings)
    journal = open_journal(settings)
    with contextlib.ExitStack() as undone:
        try:
            server = Server(settings, journal, store=SqliteStore(beside(settings.journal)))
            side = SideServer(
                settings.metrics_host,
                settings.metrics_port,
                routes(server.snapshot, server.health),
                config.secret(settings.metrics_token_file, "metrics_token_file"),
            )
            undone.callback(side.stop)
            shell = None if path is None else _admin(path, server, reload)
            undone.callback(shell.stop if shell is not None else lambda: None)
        except BaseException:
            journal.close()
            raise
        try:
            side.start()
            if shell is not None:
                shell.start()
            server.start()
        except RuntimeError:
            raise OperatorError(
                "no thread can be started; raise the limit"
                " (ulimit -u, pids_limit of Docker, TasksMax of systemd)"
            ) from None
        undone.pop_all()
    return server, side, shell


def _admin(path: Path, server: Server, reload: Reload) -> AdminServer:
    """Return what answers operators' shells, and have health look at its thread. Raises `ListenError`."""
    made = AdminServer(path, Desk(server, reload, time.monotonic), time.monotonic)
    server.watch(made.heartbeat)
    return made


def _end_for_sure(seconds: float) -> None:
    """End the process with status 1 after so long, whatever hangs: a disk, a thread that waits for one."""

    def give_up() -> None:
        with contextlib.suppress(Exception):
            left = sorted(each.name for each in threading.enumerate())
            logger.error("stop_overdue", threads=left)
            log.flush()
        os._exit(1)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True  # a stop that is in time does not wait for it
    timer.start()


def open_journal(settings: Config) -> Journal:
    """Open the journal that the settings name. Raises `OperatorError`."""
    if settings.journal == "memory":
        return MemoryJournal(settings.retention_messages or MEMORY_MESSAGES)
    path = named(settings.journal.removeprefix("sqlite:"))
    return SqliteJournal(path, settings.durability, settings.retention_messages, settings.retention_seconds)


def healthcheck(settings: Config) -> int:
    """Ask the server on this machine whether it is well; return 0 where it is."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.metrics_host, settings.metrics_host)  # noqa: S104  # not bound here
    asked = http.client.HTTPConnection(host, settings.metrics_port, timeout=3)
    late = threading.Timer(HEALTHCHECK_SECONDS, _give_up_healthcheck, (shown(host, settings.metrics_port),))
    late.daemon = True  # an answer that comes in time does not wait for it
    late.start()
    try:
        asked.request("GET", "/healthz")
        answer = asked.getresponse()
        print(answer.read().decode().strip())  # noqa: T201  # what was asked for
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer from {shown(host, settings.metrics_port)}: {error}", file=sys.stderr)  # noqa: T201  # for a person
        return 1
    finally:
        late.cancel()
        asked.close()
    return 0 if answer.status == http.client.OK else 1


def _give_up_healthcheck(where: str) -> None:
    """End with status 1: the time of a step is no bound for the whole, if each byte comes in time."""
    print(f"no answer from {where} within {HEALTHCHECK_SECONDS:g} s", file=sys.stderr, flush=True)  # noqa: T201  # for a person
    os._exit(1)


def _pin(settings: Config) -> set[int]:
    try:
        return system.pin(settings.cpus)
    except OSError:
        raise ConfigError(
            f"cpus: this process may not run on {settings.cpus}; use auto, all, or those of nproc"
        ) from None
