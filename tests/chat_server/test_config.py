"""Settings: three forms each, their precedence, and errors that say what to do."""

import argparse
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from chat_server.config import PREFIX, Config, add_arguments, default_of, load, password, secret, show
from chat_server.errors import ConfigError
from chat_server.values import Endpoint

NAMES = [each.name for each in fields(Config)]
OTHERS = {
    "host": "::1",
    "log_level": "debug",
    "log_format": "json",
    "cpus": "all",
    "metrics_host": "::1",
    "journal": "sqlite:chat.db",
    "durability": "fsync",
    "access": "password",
    "profile": "trusted",
    "registration": "open",
    "web_hosts": "chat.example.org",
    "irc_name": "irc.example.org",
}


def other(name: str) -> str:
    """Return a value of a setting that is good and not its default."""
    default = getattr(Config(), name)
    if name in OTHERS:
        return OTHERS[name]
    if name in ("exempt_networks", "proxies"):
        return "10.0.0.0/8 fd00::/8"
    if name == "listen":
        return "chat://[::1]:9,chat://h:1"
    if isinstance(default, bool):
        return "off" if default else "on"
    if isinstance(default, str):
        return OTHERS.get(name, "other")
    return str(default + 1)


def file(folder: Path, text: str) -> str:
    """Return the name of a file with this text."""
    path = folder / "chat.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def toml(name: str, value: str) -> str:
    """Return a line of TOML."""
    return f"{name} = {value}" if value.replace(".", "").isdigit() else f'{name} = "{value}"'


@pytest.mark.parametrize("name", NAMES)
def test_three_forms(name: str, tmp_path: Path) -> None:
    """A flag, a variable and a line in a file say the same, in that precedence, then the default."""
    value, config = other(name), file(tmp_path, toml(name, other(name)))
    rest = {"tls_cert": "cert", "tls_key": "key"} if name.startswith("tls_") else {}
    if name in {"guests", "registration", "tls_client_accounts"}:
        rest |= {"access": "accounts", "journal": "sqlite:chat.db"}
    if name == "tls_client_accounts":
        rest["tls_client_ca"] = "ca"
    elif name in {"access", "password_file"}:
        rest = {"access": "password", "password_file": "password"}
    rest.pop(name, None)
    flag = load({name: value, **rest}, {}, None)
    variable = load(rest, {PREFIX + name.upper(): value}, None)
    line = load(rest, {}, config)
    assert flag.config == variable.config == line.config != Config()
    assert flag.sources[name] == "--" + name.replace("_", "-")
    assert variable.sources[name] == PREFIX + name.upper()
    assert line.sources[name] == f"{config}: {name}"
    assert load({}, {}, None).config == Config()
    assert set(load({}, {}, None).sources.values()) == {"default"}


def test_precedence(tmp_path: Path) -> None:
    """A flag before the environment, before the file, before the default."""
    config = file(tmp_path, "port = 1\njoin_history = 1\nrooms = 1")
    environment = {"CHAT_PORT": "2", "CHAT_JOIN_HISTORY": "2"}
    loaded = load({"port": "3"}, environment, config).config
    assert (loaded.port, loaded.join_history, loaded.rooms) == (3, 2, 1)
    assert loaded.connections == Config().connections


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "ten"),
        ("port", ""),
        ("port", "1.5"),
        ("port", "²"),
        ("port", "٣x"),
        ("host", ""),
        ("journal", ""),
        ("line_bytes", "10"),
        ("line_bytes", "1048576"),
        ("connections", "0"),
        ("session_ttl", "nan"),
        ("session_ttl", "inf"),
        ("session_ttl", "-1"),
        ("ping_interval", "soon"),
        ("log_level", "loud"),
        ("log_format", "xml"),
        ("cpus", "first"),
        ("cpus", "0,,1"),
        ("cpus", ""),
    ],
)
def test_a_bad_value_is_a_clear_error(name: str, value: str) -> None:
    """It says where the value came from, and what it must be."""
    with pytest.raises(ConfigError, match=f"^--{name.replace('_', '-')}: .* must be"):
        load({name: value}, {}, None)


@pytest.mark.parametrize(
    "line", ["port = true", "port = 1.5", 'port = "x"', "host = 1", "session_ttl = true"]
)
def test_a_bad_type_in_a_file(line: str, tmp_path: Path) -> None:
    """A file has types of its own."""
    with pytest.raises(ConfigError, match="must be"):
        load({}, {}, file(tmp_path, line))


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    """A setting that is misspelt must not be passed over in silence; the client's are not ours."""
    with pytest.raises(ConfigError, match=r"unknown key prot; .*--print-config"):
        load({}, {}, file(tmp_path, "prot = 1"))
    with pytest.raises(ConfigError, match="unknown variable CHAT_PROT"):
        load({}, {"CHAT_PROT": "1"}, None)
    assert load({}, {"CHAT_CLIENT_NAME": "dave", "PORT": "1", "OTHER": "x"}, None).config == Config()


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Not there, or no TOML."""
    with pytest.raises(ConfigError, match=r"cannot read .*No such file"):
        load({}, {}, str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="is not TOML"):
        load({}, {}, file(tmp_path, "port: 1"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        load({}, {}, str(tmp_path / "bytes.toml"))


def test_what_is_shown_is_a_file_that_says_the_same(tmp_path: Path) -> None:
    """`--print-config > chat.toml` keeps the settings as they are."""
    loaded = load({"host": 'a"b\\c', "port": "7"}, {"CHAT_SESSION_TTL": "1.5"}, None)
    shown = show(loaded)
    assert tomllib.loads(shown).keys() == set(NAMES)
    assert load({}, {}, file(tmp_path, shown)).config == loaded.config
    assert "# --port" in shown
    assert "# CHAT_SESSION_TTL" in shown
    assert shown.count("# default") == len(NAMES) - 3


def test_every_setting_has_a_flag_with_its_default() -> None:
    """And a help that says what it is."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    text = " ".join(parser.format_help().split())
    for each in fields(Config):
        assert f"--{each.name.replace('_', '-')} " in text
        assert f"(default: {default_of(each.default)})" in text
    assert vars(parser.parse_args([])) == dict.fromkeys(NAMES)


@pytest.mark.parametrize(
    "given", ["chats://0.0.0.0:9443 chat://[::1]:9090", ["chats://0.0.0.0:9443", "chat://[::1]:9090"]]
)
def test_places_to_listen_on_are_a_list(given: object) -> None:
    """A flag that is repeated, a text with several, or a list of TOML."""
    files = {"tls_cert": "cert.pem", "tls_key": "key.pem"}
    loaded = load({"listen": given, **files}, {}, None)
    assert loaded.config.endpoints == (Endpoint("chats", "0.0.0.0", 9443), Endpoint("chat", "::1", 9090))  # noqa: S104  # a field; not bound here
    assert 'listen = ["chats://0.0.0.0:9443", "chat://[::1]:9090"]' in show(loaded)


def test_a_secret_stands_in_a_file(tmp_path: Path) -> None:
    """The end of the line is none of it; without a file there is none."""
    (tmp_path / "token").write_text("s3cret\n")
    assert secret(str(tmp_path / "token"), "metrics_token_file") == "s3cret"
    assert secret("", "metrics_token_file") == ""


@pytest.mark.parametrize("content", [None, "", "\n", "two words", "two\nlines", "gr\u00fcn"])
def test_a_file_without_a_secret(tmp_path: Path, content: str | None) -> None:
    """It is no secret that is empty, by mistake; and the text says how to make one."""
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"metrics_token_file: .*(cannot read|openssl rand)"):
        secret(str(path), "metrics_token_file")


def test_no_network_may_be_exempt() -> None:
    """A list, a text, or the word for it."""
    assert load({"exempt_networks": "none"}, {}, None).config.exempt_networks == ()
    assert load({"exempt_networks": []}, {}, None).config.exempt_networks == ()


def test_the_simple_flags_are_one_place() -> None:
    """With TLS if there is a certificate."""
    assert str(Config(host="h", port=1).endpoints[0]) == "chat://h:1"
    assert str(Config(host="h", port=1, tls_cert="c", tls_key="k").endpoints[0]) == "chats://h:1"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"tls_cert": "c"}, "belong together"),
        ({"tls_key": "k"}, "belong together"),
        ({"tls_client_ca": "ca"}, "needs tls_cert"),
        ({"tls_client_accounts": True}, "needs tls_client_ca, and access accounts"),
        ({"listen": "chats://h:1"}, "chats://h:1 needs --tls-cert and --tls-key"),
        ({"listen": "chat://h:1", "tls_cert": "c", "tls_key": "k"}, "none of listen speaks TLS"),
        ({"listen": "h:1"}, "must be one or more of chat://HOST:PORT"),
        ({"listen": ["h:1"]}, "listen: 'h:1' must be one or more"),
        ({"listen": "chat://h:65536"}, "must be one or more"),
        ({"listen": "chat://h:1 tcp://h:2"}, "must be one or more"),
        ({"listen": [1]}, "must be one or more"),
        ({"listen": 1}, "must be one or more"),
        ({"tls_cert": 1}, "path of a file"),
        ({"exempt_networks": "10.0.0.1/8"}, "must be networks such as"),
        ({"exempt_networks": "everybody"}, "must be networks such as"),
        ({"exempt_networks": 10}, "must be networks such as"),
        ({"exempt_networks": [10.5]}, "must be networks such as"),
    ],
)
def test_settings_of_tls_that_do_not_go_together(given: dict[str, object], why: str) -> None:
    """Each is refused with what is missing."""
    with pytest.raises(ConfigError, match=why):
        load(given, {}, None)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"access": "password"}, "password_file belong together"),
        ({"password_file": "x"}, "password_file belong together"),
        ({"access": "accounts"}, "--journal sqlite:PATH"),
        ({"guests": "on"}, "for access accounts"),
        ({"access": "password", "password_file": "x", "registration": "open"}, "for access accounts"),
    ],
)
def test_settings_of_access_that_do_not_go_together(given: dict[str, object], why: str) -> None:
    """Each is refused with what to do."""
    with pytest.raises(ConfigError, match=why):
        load(given, {}, None)


def test_a_password_is_the_first_line_of_a_file(tmp_path: Path) -> None:
    """It may have spaces and any script; a file without one is an error."""
    path = tmp_path / "password"
    for content in ("zwölf Boxkämpfer", "zwölf Boxkämpfer\n", "zwölf Boxkämpfer\r\nmore\n"):
        path.write_text(content, encoding="utf-8")
        assert password(str(path), "password_file") == "zwölf Boxkämpfer"
    assert password("", "password_file") == ""
    for data in (b"", b"\n", b"a\x00b\n", b"\xff\n"):
        path.write_bytes(data)
        with pytest.raises(ConfigError, match="in its first line"):
            password(str(path), "password_file")
    with pytest.raises(ConfigError, match="cannot read"):
        password(str(tmp_path / "none"), "password_file")


def test_variables_of_others_are_left_alone() -> None:
    """What Kubernetes sets for services named chat and chat-metrics, what is the client's and Compose's."""
    environment = {
        "CHAT_PORT": "tcp://10.0.0.1:9090",
        "CHAT_SERVICE_HOST": "10.0.0.1",
        "CHAT_SERVICE_PORT": "9090",
        "CHAT_SERVICE_PORT_CHAT": "9090",
        "CHAT_PORT_9090_TCP": "tcp://10.0.0.1:9090",
        "CHAT_PORT_9090_TCP_ADDR": "10.0.0.1",
        "CHAT_METRICS_PORT": "tcp://10.0.0.2:9464",
        "CHAT_METRICS_SERVICE_HOST": "10.0.0.2",
        "CHAT_METRICS_PORT_53_UDP_PROTO": "udp",
        "CHAT_CLIENT_NAME": "dave",
        "CHAT_PUBLISH_HOST": "0.0.0.0",  # noqa: S104  # not bound here
        "CHAT_HOST": "localhost",
    }
    loaded = load({}, environment, None)
    assert loaded.config == Config()
    assert loaded.sources["host"] == "CHAT_HOST"


@pytest.mark.parametrize("name", ["CHAT_PROT", "CHAT_SERVICES", "CHAT_PORTS", "CHAT_REPORT_TO"])
def test_a_slip_in_a_variable_is_an_error(name: str) -> None:
    """Though those of others are left alone."""
    with pytest.raises(ConfigError, match=f"unknown variable {name};"):
        load({}, {name: "1"}, None)


def test_what_would_be_longer_than_a_client_reads_is_refused() -> None:
    """The list of one's rooms, in a WELCOME: one of the two settings must be lower."""
    load({"rooms_per_user": "500", "name_length": "256"}, {}, None)
    with pytest.raises(ConfigError, match="longer than a client reads; lower one of them"):
        load({"rooms_per_user": "600", "name_length": "256"}, {}, None)
