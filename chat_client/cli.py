"""The command `chat-client`: its options, and which way of talking they ask for."""

import argparse
import math
import os
import ssl
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from chat_client import arguments
from chat_client.bot import script
from chat_client.bot.app import Bot
from chat_client.bot.script import read_script
from chat_client.connection.trust import trust
from chat_client.errors import SetupError
from chat_client.protocol.credentials import Credentials
from chat_client.sanitize import sendable, visible
from chat_client.ui import pipe
from chat_client.ui.app import App, ExitStatus, Options
from chat_client.ui.console import Console, ask_name, ask_secret, new_prompt
from chat_client.ui.lines import Lines
from chat_client.ui.output import Output
from chat_client.ui.paint import is_dumb, wants_colours
from chat_client.ui.pipe import Pipe
from chat_client.ui.screen import Keyboard, Screen
from chat_protocol.messages import PROTOCOL

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

STANDARD_INPUT = 0
#: The exit status after a second interruption.
INTERRUPTED = 130
#: For how long, in seconds, a program tries to come back: as long as a server keeps a session.
RETRY_SECONDS = 600.0

EPILOG = """\
In a terminal, type to talk; /help lists the commands, and exit leaves. Without a terminal, lines are
taken from standard input as if typed, and its end leaves:

  chat-client --name dave                   talk on this machine's server
  chat-client --name dave --host chat.example --room tea --file chat.txt
  echo "it is built" | chat-client --name builder
  chat-client --name dave --host chat.example --port 9443 --tls
  chat-client --name dave --host chat.example --tls --register
                                            make an account, if the server lets you
  chat-client --name bob --script bob.script
                                            play a script; --help-script shows how to write one
  chat-client --name bot --pipe             JSON lines for programs; --help-pipe shows them

A lost connection is made again by itself: what was missed is shown, and what was said meanwhile is sent.

Exit status:
  0    left properly
  1    no connection, or it was lost for good
  2    wrong usage, script or file
  3    the name was refused, and there was no terminal to ask for another
  4    left, but the server did not take all that was said, or not all of the input was read
  5    left, but not all could be saved with --file or written to standard output
  6    the server wants a password or a token, and did not get the right one
  130  interrupted a second time, while leaving

The signals INT, TERM, HUP, QUIT, ALRM, USR1 and USR2 leave properly.

Environment: CHAT_CLIENT_HOST, CHAT_CLIENT_PORT, CHAT_CLIENT_NAME, CHAT_CLIENT_TLS=1 and
CHAT_CLIENT_TLS_CA stand in for --host, --port, --name, --tls and --tls-ca; CHAT_CLIENT_PASSWORD,
CHAT_CLIENT_TOKEN and CHAT_CLIENT_INVITATION have these secrets, or with _FILE behind them the path of a
file that has. NO_COLOR and CLICOLOR=0 turn colours off, CLICOLOR_FORCE=1 turns them on.
"""


class _ShowText(argparse.Action):
    """Prints a text that explains something, and ends."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        sys.stdout.write(f"{self.const}\n")
        parser.exit()


def build_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="chat-client",
        description="Takes part in a chat from the console.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--host",
        type=arguments.host,
        default=arguments.setting(environment, "CHAT_CLIENT_HOST", "localhost"),
        help="the server (%(default)s)",
    )
    add(
        "--port",
        type=arguments.port,
        default=arguments.setting(environment, "CHAT_CLIENT_PORT", "9090"),
        help="its port (%(default)s)",
    )
    add(
        "--name",
        default=arguments.setting(environment, "CHAT_CLIENT_NAME", None),
        help="what to be called; asked for if left out",
    )
    path = arguments.given("a path")
    add(
        "--password-file",
        metavar="PATH",
        type=path,
        help="file whose first line is the password; in a terminal it is asked for",
    )
    add("--token-file", metavar="PATH", type=path, help="file whose first line is the token, for a bot")
    add("--register", action="store_true", help="make an account of the name, if the server lets you")
    add("--invitation-file", metavar="PATH", type=path, help="file with the invitation to register")
    add(
        "--tls",
        action="store_true",
        default=bool(arguments.setting(environment, "CHAT_CLIENT_TLS", None)),
        help="speak TLS, and check the server's certificate; each --tls-… option implies it",
    )
    add(
        "--tls-ca",
        metavar="PATH",
        type=path,
        default=arguments.setting(environment, "CHAT_CLIENT_TLS_CA", None),
        help="the CA (PEM) that signed it, in place of the system's",
    )
    add("--tls-insecure", action="store_true", help="take any certificate: anybody in between can read along")
    add("--tls-cert", metavar="PATH", type=path, help="your own certificate (PEM), if the server wants one")
    add("--tls-key", metavar="PATH", type=path, help="its key, unless it stands in the same file")
    add("--room", type=arguments.given("a room"), help="enter this room as well as the lobby, and talk there")
    add(
        "--file",
        metavar="PATH",
        type=path,
        help="save all messages to this file, each once; goes on where it ends",
    )
    add(
        "--pulse",
        metavar="PATH",
        type=path,
        help="touch this file at each message, so that its age shows one talks",
    )
    add("--script", metavar="PATH", type=path, help="play a script instead of taking lines")
    add("--pipe", action="store_true", help="take and give JSON lines, for programs")
    add("--duration", type=arguments.seconds, metavar="SECONDS", help="leave after so long")
    add(
        "--wait",
        type=arguments.seconds,
        default=0.0,
        metavar="SECONDS",
        help="at the start, go on trying for so long (0)",
    )
    add(
        "--retry",
        type=arguments.seconds,
        metavar="SECONDS",
        help="after a loss, go on trying for so long (for ever in a terminal, 600 elsewhere)",
    )
    add(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="when to use colours (%(default)s)",
    )
    add("--help-script", action=_ShowText, nargs=0, const=script.__doc__, help="show how scripts are written")
    add("--help-pipe", action=_ShowText, nargs=0, const=pipe.__doc__, help="show the JSON lines of --pipe")
    add("--version", action="version", version=f"chat-client {_version()}, protocol {PROTOCOL}")
    return parser


def main(line: Sequence[str] | None = None) -> int:
    """Run the client; return the exit status."""
    parser = build_parser(os.environ)
    given = parser.parse_args(line)
    if given.script and given.pipe:
        parser.error("--script and --pipe are two ways to talk; choose one")
    _prepare_streams()
    try:
        return _talk(parser, given)
    except SetupError as error:
        parser.exit(ExitStatus.USAGE, f"chat-client: {visible(str(error))}\n")
    except KeyboardInterrupt:
        return INTERRUPTED


def _prepare_streams() -> None:
    """Have all three streams, also if the caller has closed one, and none that a character breaks."""
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, descriptor)
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _talk(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb(os.environ)
    if terminal and not (given.script or given.pipe):
        return _talk_at_terminal(given)
    if not given.name:
        parser.error("there is nobody to ask for a name; give --name or CHAT_CLIENT_NAME")
    credentials = replace(_credentials(given), register=given.register)
    return _front(given, _options(given, given.name, credentials, retry=RETRY_SECONDS)).run()


def _talk_at_terminal(given: argparse.Namespace) -> int:
    screen = Screen(_output(sys.stdout))
    prompt = new_prompt(Keyboard(sys.stdin), screen, colours=_wants_colours(given))
    name = given.name or ask_name(prompt, screen.write)
    credentials: Credentials | None = _credentials(given)
    if given.register and credentials is not None and name is not None:
        credentials = _asked_to_register(credentials, prompt, screen)
    while name is not None and credentials is not None:
        options = _options(given, name, credentials, retry=math.inf)
        status = Console(options, prompt, screen, _output(sys.stderr)).run()
        if status is not ExitStatus.NOT_LET_IN or given.register:
            return status
        password = ask_secret(prompt, f"Password of {name}: ", screen.write)
        credentials = None if password is None else Credentials(password)
    return ExitStatus.LEFT


def _asked_to_register(
    given: Credentials, prompt: "PromptSession[str]", screen: Screen
) -> Credentials | None:
    """Return what makes an account: a password that was typed twice; none if the person would rather not."""
    invitation = given.invitation or ask_secret(prompt, "Invitation (none if you have none): ", screen.write)
    while given.password is None:
        first = ask_secret(prompt, "New password, 8 characters or more: ", screen.write)
        second = first and ask_secret(prompt, "Once more: ", screen.write)
        if second is None:
            return None
        if first == second:
            given = replace(given, password=first)
        else:
            screen.write("!! these are two different passwords; try again\n")
    return replace(given, invitation=invitation, register=True)


def _credentials(given: argparse.Namespace) -> Credentials:
    """Return what files and the environment have to prove who one is."""

    def secret(name: str, file: str | None) -> str | None:
        return arguments.secret(
            os.environ, f"CHAT_CLIENT_{name}", file, lambda path: Path(path).read_text("utf-8")
        )

    return Credentials(
        secret("PASSWORD", given.password_file),
        secret("TOKEN", given.token_file),
        secret("INVITATION", given.invitation_file),
    )


def _read(path: str) -> str:
    return Path(path).read_text("utf-8")


def _options(given: argparse.Namespace, name: str, credentials: Credentials, *, retry: float) -> Options:
    return Options(
        host=given.host,
        port=given.port,
        tls=_trust(given),
        verified=not given.tls_insecure,
        name=sendable(name),
        room=given.room and sendable(given.room),
        file=given.file,
        pulse=given.pulse,
        wait=given.wait,
        retry=retry if given.retry is None else given.retry,
        duration=given.duration,
        colours=_wants_colours(given),
        credentials=credentials,
    )


def _trust(given: argparse.Namespace) -> ssl.SSLContext | None:
    wanted = given.tls or given.tls_insecure or given.tls_ca or given.tls_cert or given.tls_key
    if given.tls_insecure and given.tls_ca:
        raise SetupError("--tls-insecure checks nothing, --tls-ca does; give one of them")
    if not wanted:
        return None
    return trust(given.tls_ca, given.tls_cert, given.tls_key, verified=not given.tls_insecure)


def _wants_colours(given: argparse.Namespace) -> bool:
    return wants_colours(given.color, os.environ, terminal=sys.stdout.isatty())


def _front(given: argparse.Namespace, options: Options) -> App:
    streams = _output(sys.stdout), _output(sys.stderr)
    if given.script:
        return Bot(options, *streams, read_script(given.script))
    kind = Pipe if given.pipe else Lines
    return kind(options, *streams, STANDARD_INPUT)


def _output(stream: TextIO) -> Output:
    return Output(stream.fileno(), stream.encoding)


def _version() -> str:
    try:
        return metadata.version("threaded-chat")
    except metadata.PackageNotFoundError:
        return "of a tree that is not installed"
