"""The settings: each has a flag, an environment variable and a line in a TOML file, in that precedence."""

import argparse
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from chat_server import values
from chat_server.errors import ConfigError

PREFIX = "CHAT_"


def _setting(default: Any, parse: Callable[[object], Any], text: str) -> Any:  # noqa: ANN401  # as dataclasses.field
    return field(default=default, metadata={"parse": parse, "help": text})


_PORT = values.whole(0, values.LAST_PORT)
_BYTES = values.whole(1024, 1 << 30)


@dataclass(frozen=True)
class Config:
    """Every setting of the server, with its default."""

    host: str = _setting("localhost", values.text, "address to listen on; 0.0.0.0 is every IPv4 one")
    port: int = _setting(9090, _PORT, "port of the chat; 0 picks a free one")
    listen: tuple[values.Endpoint, ...] = _setting(
        (), values.endpoints, "places to listen on instead, such as chats://:9443; may be repeated"
    )
    tls_cert: str = _setting("", values.path, "certificate (PEM, with its chain): the port then speaks TLS")
    tls_key: str = _setting("", values.path, "the certificate's key (PEM)")
    tls_client_ca: str = _setting("", values.path, "CA (PEM) of which every client must have a certificate")
    tls_client_accounts: bool = _setting(False, values.switch, "on: such a certificate proves an account")
    web_hosts: tuple[str, ...] = _setting(
        (), values.hosts, "names by which browsers reach http:// endpoints; local ones need not be named"
    )
    irc_name: str = _setting("server.chat", values.server_name, "what the server calls itself in IRC")
    metrics_host: str = _setting("localhost", values.text, "address of metrics and health")
    metrics_port: int = _setting(9464, _PORT, "port of metrics and health (HTTP); 0 picks a free one")
    metrics_token_file: str = _setting(
        "", values.path, "file with a token that whoever reads the metrics must show; health needs none"
    )
    access: str = _setting(
        "open",
        values.one_of("open", "password", "accounts"),
        "who is let in: everyone, those who know one password, or those who have an account",
    )
    password_file: str = _setting("", values.path, "file with the password, for access password")
    guests: bool = _setting(False, values.switch, "on: people without an account are let in beside accounts")
    registration: str = _setting(
        "off",
        values.one_of("off", "invitation", "open"),
        "who may make an account by themselves: nobody, those who were invited, everyone",
    )
    accounts: int = _setting(
        10_000, values.whole(1, 10_000_000), "accounts from which on nobody can register any more"
    )
    journal: str = _setting("memory", values.journal, "where messages are kept: memory, or sqlite:PATH")
    admin_socket: str = _setting(
        "auto",
        values.text,
        "the socket of chat-server admin: a path, none, or auto, which is beside a journal in a file",
    )
    durability: str = _setting(
        "os",
        values.one_of("fsync", "os", "none"),
        "what a stored message outlives: fsync a power cut, os a crash of the server",
    )
    retention_messages: int = _setting(
        0, values.whole(0, 1 << 40), "messages kept of each room; 0 is 1000 in memory, all in SQLite"
    )
    retention_seconds: float = _setting(
        0.0, values.seconds(0, 1e10), "seconds for which they are kept; 0 is for ever"
    )
    join_history: int = _setting(100, values.whole(0, 1_000_000), "messages shown to who joins a room")
    presence_limit: int = _setting(
        200, values.whole(0, 1_000_000), "members above which a room is quiet about who comes and goes"
    )
    connections: int = _setting(10_000, values.whole(1, 1_000_000), "connections at once, at the most")
    connections_per_address: int = _setting(
        16, values.whole(1, 1_000_000), "connections at once of one address (IPv6: of one /64), at the most"
    )
    connects_per_minute: int = _setting(
        60, values.whole(1, 1_000_000), "new connections of one address in a minute, at the most"
    )
    exempt_networks: tuple[values.Network, ...] = _setting(
        values.PRIVATE, values.networks, "networks for which neither counts: a proxy's, containers', your own"
    )
    proxies: tuple[values.Network, ...] = _setting(
        (), values.networks, "proxies that say whose connection they pass on (PROXY protocol, version 2)"
    )
    rooms: int = _setting(10_000, values.whole(1, 10_000_000), "rooms at once, at the most")
    rooms_per_user: int = _setting(50, values.whole(1, 10_000), "rooms of one user, at the most")
    line_bytes: int = _setting(
        16 * 1024, values.whole(256, 1 << 19), "bytes of a line from a client, its end included"
    )
    profile: str = _setting(
        "default",
        values.one_of("default", "trusted"),
        "trusted lifts the limits of the next four: for bots, tests and benchmarks of your own",
    )
    input_bytes_per_second: int = _setting(
        64 * 1024,
        values.whole(0, 1 << 30),
        "bytes that are read of one connection in a second; 0 is any number",
    )
    messages_at_once: int = _setting(
        10, values.whole(1, 1_000_000), "messages of one user that are taken at once"
    )
    messages_per_second: float = _setting(
        2.0, values.number(0, 1e6), "messages that are taken in a second from then on; 0 is any number"
    )
    flood_seconds: float = _setting(
        30.0, values.seconds(1, 3600), "seconds that a message may have to wait before its connection is cut"
    )
    name_length: int = _setting(32, values.whole(1, 256), "characters of a user's or room's name")
    ascii_names: bool = _setting(False, values.switch, "on: names of users and rooms are ASCII alone")
    edit_seconds: float = _setting(
        3600.0, values.seconds(0, 1e10), "seconds for which people can edit and delete what they said"
    )
    topic_length: int = _setting(256, values.whole(1, 4096), "characters of a topic")
    send_queue_bytes: int = _setting(1 << 20, _BYTES, "bytes that may wait for one client before it is cut")
    send_queue_soft_bytes: int = _setting(
        64 * 1024, _BYTES, "bytes from which on presence is dropped for a client"
    )
    send_queue_age: float = _setting(
        10.0, values.seconds(0.1, 3600), "seconds that the oldest of it may wait"
    )
    register_timeout: float = _setting(
        10.0, values.seconds(0.1, 3600), "seconds in which a client gives its name"
    )
    ping_interval: float = _setting(25.0, values.seconds(0.1, 86_400), "seconds of silence before a PING")
    ping_timeout: float = _setting(10.0, values.seconds(0.1, 86_400), "seconds to answer it")
    session_ttl: float = _setting(
        600.0, values.seconds(0, 604_800), "seconds for which a session can be resumed"
    )
    name_hold: float = _setting(
        60.0, values.seconds(0, 604_800), "seconds for which a name is kept for who lost the connection"
    )
    absent_sessions: int = _setting(
        10_000, values.whole(0, 10_000_000), "sessions without a connection that are kept, at the most"
    )
    absent_bytes: int = _setting(64 << 20, values.whole(0, 1 << 40), "bytes that those may take, at the most")
    drain_timeout: float = _setting(20.0, values.seconds(0, 3600), "seconds that a stop may take")
    cpus: str = _setting(
        "auto", values.cpus, "CPUs to run on: auto (one, if the GIL is in force), all, or a list"
    )
    log_level: str = _setting(
        "info", values.one_of("debug", "info", "warning", "error"), "least level that is logged"
    )
    log_format: str = _setting(
        "auto", values.one_of("auto", "json", "console"), "auto is JSON where stdout is no terminal"
    )

    @property
    def endpoints(self) -> tuple[values.Endpoint, ...]:
        """Where to listen: `listen`, or else `host` and `port`, with TLS if there is a certificate."""
        return self.listen or (values.Endpoint("chats" if self.tls_cert else "chat", self.host, self.port),)


METAVARS = {"listen": "ENDPOINT", "exempt_networks": "NETWORKS", "proxies": "NETWORKS", "web_hosts": "NAMES"}
#: How many bytes the names of one user's rooms may take in a WELCOME, whose line is 1 MiB at the most.
ROOMS_BYTES = 512 * 1024
KUBERNETES = re.compile(r"(^|_)service_(host|port)(_|$)|(^|_)port_\d+_(tcp|udp|sctp)(_|$)")
ADDRESS = re.compile(r"(tcp|udp|sctp)://")


class Loaded(NamedTuple):
    """The settings, and for each key where its value came from."""

    config: Config
    sources: Mapping[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each setting."""
    group = parser.add_argument_group(
        "settings", "each also as CHAT_<NAME> in the environment, or in --config FILE"
    )
    for each in fields(Config):
        group.add_argument(
            f"--{each.name.replace('_', '-')}",
            metavar=METAVARS.get(each.name, type(each.default).__name__.upper()),
            action="append" if each.name == "listen" else "store",
            help=f"{each.metadata['help']} (default: {default_of(each.default)})",
        )


def default_of(value: object) -> str:
    """Return a default as people read it."""
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) or "none"


def load(arguments: Mapping[str, Any], environment: Mapping[str, str], file: str | None) -> Loaded:
    """Put the settings together: flags, environment, file, defaults. Raises `ConfigError`."""
    known = {each.name: each for each in fields(Config)}
    from_file = _read(file) if file else {}
    _refuse_unknown(known, from_file, f"{file}: unknown key {{}}")
    own = {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environment.items()
        if key.startswith(PREFIX)
    }
    own = {key: value for key, value in own.items() if not _is_of_others(key, value)}
    _refuse_unknown(known, own, f"environment: unknown variable {PREFIX}{{}}", str.upper)
    given: dict[str, Any] = {}
    sources = dict.fromkeys(known, "default")
    for name, each in known.items():
        flag = "--" + name.replace("_", "-")
        for value, source in (
            (arguments.get(name), flag),
            (own.get(name), PREFIX + name.upper()),
            (from_file.get(name), f"{file}: {name}"),
        ):
            if value is not None:
                given[name], sources[name] = _parsed(each.metadata["parse"], value, source), source
                break
    config = Config(**given)
    _check_tls(config)
    _check_access(config)
    if config.rooms_per_user * (config.name_length * 4 + 3) > ROOMS_BYTES:
        raise ConfigError(
            f"rooms_per_user {config.rooms_per_user} with name_length {config.name_length}: the list of a"
            " user's rooms would be longer than a client reads; lower one of them"
        )
    return Loaded(config, sources)


def _check_tls(config: Config) -> None:
    """Refuse settings of TLS that do not go together. Raises `ConfigError`."""
    if bool(config.tls_cert) != bool(config.tls_key):
        raise ConfigError("tls_cert and tls_key belong together; give both, or neither")
    if config.tls_client_ca and not config.tls_cert:
        raise ConfigError("tls_client_ca needs tls_cert and tls_key")
    if config.tls_client_accounts and not (config.tls_client_ca and config.access == "accounts"):
        raise ConfigError("tls_client_accounts needs tls_client_ca, and access accounts")
    encrypted = [str(each) for each in config.endpoints if each.tls]
    if encrypted and not config.tls_cert:
        raise ConfigError(f"{encrypted[0]} needs --tls-cert and --tls-key; chat-server dev-cert makes some")
    if config.tls_cert and not encrypted:
        raise ConfigError("tls_cert is given, but none of listen speaks TLS; make one chats://")


def _check_access(config: Config) -> None:
    """Refuse settings of access that do not go together. Raises `ConfigError`."""
    if (config.access == "password") != bool(config.password_file):
        raise ConfigError("access password and password_file belong together; give both, or neither")
    if config.access != "accounts":
        if config.guests or config.registration != "off":
            raise ConfigError("guests and registration are for access accounts; set that, or leave them out")
    elif config.journal == "memory":
        raise ConfigError("access accounts needs a file to keep them in; give --journal sqlite:PATH")


def password(path: str, name: str) -> str:
    """Return the password that stands in the first line of a file, none if no file is named.

    Raises `ConfigError`.
    """
    if not path:
        return ""
    try:
        line = Path(path).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise ConfigError(f"{name}: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        line = ""
    if not line or not line.isprintable():
        raise ConfigError(f"{name}: {path} must have the password in its first line, in UTF-8")
    return line


def secret(path: str, name: str) -> str:
    """Return the secret that stands in a file, none if there is no file. Raises `ConfigError`."""
    if not path:
        return ""
    try:
        text = Path(path).read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigError(f"{name}: cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        text = ""
    if not text or not text.isprintable() or " " in text:
        raise ConfigError(f"{name}: {path} must hold one line of ASCII without spaces: openssl rand -hex 32")
    return text


def show(loaded: Loaded) -> str:
    """Return the settings as TOML, each with where it came from."""
    lines = []
    for each in fields(Config):
        value = getattr(loaded.config, each.name)
        lines.append(f"{each.name} = {_toml(value)}".ljust(40) + f"  # {loaded.sources[each.name]}")
    return "\n".join(lines)


def _is_of_others(key: str, value: str) -> bool:
    """Tell whether a variable is not for the server, though its name begins like those that are.

    The client has its own, and so has the Compose file. Kubernetes sets CHAT_SERVICE_HOST,
    CHAT_PORT=tcp://..., CHAT_PORT_9090_TCP_ADDR and the like for a service named chat or chat-something.
    """
    return key.startswith(("client_", "publish_")) or bool(KUBERNETES.search(key) or ADDRESS.match(value))


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(str(each)) for each in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return (
        '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if isinstance(value, str) else repr(value)
    )


def _read(file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from None


def _refuse_unknown(
    known: Mapping[str, object],
    given: Sequence[str] | Mapping[str, object],
    text: str,
    spell: Callable[[str], str] = str,
) -> None:
    for key in given:
        if key not in known:
            raise ConfigError(f"{text.format(spell(key))}; chat-server --print-config lists them all")


def _parsed(parse: Callable[[object], Any], value: object, source: str) -> Any:  # noqa: ANN401  # as its field
    try:
        return parse(value)
    except ValueError as error:
        given = " ".join(map(str, value)) if isinstance(value, list) else value
        raise ConfigError(f"{source}: {given!r} {error}") from None
