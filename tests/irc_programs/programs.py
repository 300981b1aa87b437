"""irssi and WeeChat at a pseudo-terminal, and what they have logged of the chat."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.integration.terminal import Terminal
from tests.integration.waiting import eventually

#: How long, in seconds, a program may take for anything.
PATIENCE = 40.0
IRSSI = """\
settings = {{
  core = {{ real_name = "a test"; write_buffer_size = "0"; }};
  "irc/core" = {{ alternate_nick = "{name}_"; cmd_queue_speed = "0"; }};
  "fe-common/core" = {{ autolog = "yes"; autolog_path = "{folder}/$0.log"; autolog_level = "all"; }};
}};
"""
WEECHAT = (
    "/set weechat.look.paste_max_lines -1",
    "/set logger.file.flush_delay 0",
    "/set logger.file.path {folder}",
    "/set logger.mask.irc $channel.log",
    "/set irc.server_default.anti_flood 0",
    "/set irc.look.smart_filter off",
    "/server add chat 127.0.0.1/{port} -notls -nicks={name},{name}_",
    "/set irc.server.chat.autoreconnect_delay 1",
    "/connect chat",
)


class Program:
    """An IRC client that somebody sits at. `log` is what it has written of a channel or a person."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        sized = 'stty rows 24 columns 100; exec env TERM=xterm HOME=. "$@"'
        self._terminal = Terminal(["sh", "-c", sized, "sh", *command], folder)
        self._folder = folder
        self._is_irssi = command[0] == "irssi"

    def __enter__(self) -> Self:
        self._terminal.__enter__()
        self._terminal.shows("Welcome", PATIENCE)
        return self

    def __exit__(self, *ended: object) -> None:
        self._terminal.__exit__(None, None, None)

    def types(self, *lines: str) -> None:
        """Type lines, each with the return key."""
        for line in lines:
            self._terminal.types(f"{line}\r")

    def joins(self, channel: str) -> None:
        """Enter a channel, whatever window it is at."""
        self.types(f"/join {'' if self._is_irssi else '-server chat '}{channel}")

    def comes_back(self) -> None:
        """Have it connect to a server that was gone: WeeChat does by itself, irssi after five minutes."""
        if self._is_irssi:
            self._terminal.shows("(change with", PATIENCE)  # to another server: this one has gone
            self.types("/reconnect all")

    def log(self, target: str) -> str:
        """Return what it has logged of a channel or a person so far."""
        path = self._folder / f"{target}.log"
        return path.read_text() if path.exists() else ""

    def logs(self, target: str, text: str) -> None:
        """Wait until this stands in what it logs of a channel or a person."""
        eventually(lambda: text in self.log(target), PATIENCE, f"the log of {target} has {text!r}")


def irssi(folder: Path, port: int, name: str) -> Program:
    """Start irssi, which connects at once."""
    (folder / "config").write_text(IRSSI.format(name=name, folder=folder))
    place = "--connect=127.0.0.1", f"--port={port}"
    return Program(["irssi", f"--home={folder}", *place, f"--nick={name}"], folder)


def weechat(folder: Path, port: int, name: str) -> Program:
    """Start WeeChat, which connects at once."""
    commands = [each.format(name=name, folder=folder, port=port) for each in WEECHAT]
    asked = [word for each in commands for word in ("-r", each)]
    return Program(["weechat", "--dir", str(folder / "home"), *asked], folder)
