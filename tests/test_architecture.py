"""The house stands as it was drawn: who may import whom, and what each part must not know."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from chat_server.log import EVENTS
from tests.support.source import dotted, imports, lines, modules, tree

PROTOCOL = modules("chat_protocol")
SERVER = modules("chat_server")
CLIENT = modules("chat_client")

#: Each part of the server, and the parts that it may import beside itself and the protocol.
MAY_IMPORT = {
    "errors": set[str](),
    "text": set[str](),
    "log": {"text"},
    "output": set[str](),
    "values": set[str](),
    "config": {"errors", "values"},
    "sqlite_file": {"errors"},
    "journal": {"output", "errors", "sqlite_file"},
    "store": {"errors", "sqlite_file"},
    "faults": set[str](),
    "dev_cert": {"errors"},
    "signals": {"faults"},
    "unix_socket": {"errors"},
    "reload": {"net", "config", "log", "errors"},
    "parser": set[str](),
    "user_command": {"shell", "chat", "store", "config", "errors", "parser"},
    "hook_command": {"shell", "chat", "store", "config", "values", "errors", "parser", "text"},
    "shell": {"store", "config", "errors", "parser"},
    "erase_command": {"shell", "chat", "store", "journal", "config", "errors", "parser", "sqlite_file"},
    "audit_command": {"shell", "store", "config", "errors", "parser", "text"},
    "admin_command": {"ops", "store", "config", "errors", "parser", "text", "unix_socket"},
    "stream": {"journal", "faults"},
    "chat": {"stream", "journal", "store", "faults", "errors"},
    "net": {"chat", "stream", "journal", "store", "config", "values", "faults", "errors"},
    "ops": {"net", "chat", "stream", "store", "faults", "errors", "log", "text", "unix_socket"},
    "cli": {
        *("ops", "net", "stream", "journal", "store", "config", "log", "output", "faults", "errors"),
        *("dev_cert", "parser", "signals", "sqlite_file", "user_command", "erase_command", "values"),
        *("admin_command", "audit_command", "hook_command", "reload"),
    },
    "__main__": {"cli"},
}
#: What the protocol may import.
PURE = {"chat_protocol", "collections", "enum", "msgspec", "re", "typing"}
#: What both sides share beside it: a socket with TLS, which knows no message.
SHARED = {"contextlib", "errno", "select", "socket", "ssl", "threading", "time", "collections"}
#: What a part must not import of the standard library and the dependencies.
MUST_NOT_KNOW = {
    "errors": {"socket", "threading", "time", "logging", "structlog", "os", "msgspec"},
    "stream": {"socket", "select", "selectors", "ssl", "time", "datetime", "logging", "os", "structlog"},
    "chat": {"socket", "select", "selectors", "ssl", "time", "datetime", "logging", "os"},
    "journal": {"socket", "select", "selectors", "ssl", "structlog", "logging"},
    "store": {"socket", "select", "selectors", "ssl", "structlog", "logging"},
    "net": {"sqlite3"},
}
#: Each part of the client, and the parts that it may import; every part may import the leaves beside them.
CLIENT_MAY_IMPORT = {
    "leaf": {"protocol"},  # the file that messages are saved in knows what was said
    "protocol": set[str](),
    "connection": {"protocol"},
    "ui": {"protocol", "connection"},
    "bot": {"protocol", "ui"},
    "cli": {"protocol", "connection", "ui", "bot"},
    "__main__": {"cli"},
}
#: What a part of the client must not import.
CLIENT_MUST_NOT_KNOW = {
    "protocol": {"os", "select", "socket", "threading", "time", "prompt_toolkit"},
    "connection": {"prompt_toolkit", "signal"},
    "ui": {"socket"},
    "bot": {"socket", "threading", "prompt_toolkit"},
}
#: Beside `protocol`: pure modules of the client, each of which gets what it needs to know of the world.
CLIENT_PURE = {
    *(
        "chat_client/errors.py",
        "chat_client/sanitize.py",
        "chat_client/terms.py",
        "chat_client/bot/player.py",
    ),
    *(f"chat_client/ui/{name}.py" for name in ("commands", "mention", "naming", "paint", "talking")),
    *(f"chat_client/ui/{name}.py" for name in ("toolbar", "typed", "wrapping")),
}
#: Data that points back at what holds it, and so names its type: a stay at its rooms, a person at the
#: inbox, a command at the conversation that it came in.
POINTS_BACK = {
    ("chat_server.chat.session", "chat_server.chat.room"),
    ("chat_server.chat.identity", "chat_server.chat.inbox"),
    ("chat_server.chat.identity", "chat_server.chat.session"),
    ("chat_server.chat.speaking", "chat_server.chat.room"),
    ("chat_server.chat.commands", "chat_server.chat.conversation"),
}
PACKAGES = {path.parent.name: path for path in SERVER if path.name == "__init__.py" and len(path.parts) == 3}


def part(module: str) -> str:
    """Return which part of the server a module or a name in it belongs to."""
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("path", SERVER, ids=str)
def test_imports_run_one_way(path: Path) -> None:
    """From the protocol to `chat` to `net` to the command; the journal is the chat's, errors are a leaf."""
    mine = part(dotted(path))
    if not mine:
        return  # the package itself, which has nothing but its version
    assert mine in MAY_IMPORT, f"{mine} is new: say what it may import"
    found = {part(each) for each in imports(path) if each.startswith("chat_server.")}
    assert found - {mine, "__version__"} <= MAY_IMPORT[mine]


@pytest.mark.parametrize("path", PROTOCOL, ids=str)
def test_the_protocol_is_pure(path: Path) -> None:
    """Server and client both stand on it, so it knows neither."""
    found = {each.split(".")[0] for each in imports(path)}
    assert found <= (SHARED if path.name == "tls.py" else PURE)


def needed(path: Path, known: set[str]) -> set[str]:
    """Return the modules that a file imports, for its types alone as well."""
    mine = dotted(path)
    found = {each if each in known else each.rpartition(".")[0] for each in imports(path)} & known
    return {each for each in found if (mine, each) not in POINTS_BACK}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Whatever way you go down from a file, you do not come back to it; types count as well."""
    paths = [*PROTOCOL, *SERVER, *CLIENT]
    known = set(map(dotted, paths))
    order = list(TopologicalSorter({dotted(path): needed(path, known) for path in paths}).static_order())
    assert order.index("chat_server.stream.publication") < order.index("chat_server.stream.delivery")
    assert len(order) == len(paths)


def test_the_package_imports_nothing() -> None:
    """So that its version can be read without its dependencies."""
    assert list(imports(Path("chat_server/__init__.py"))) == []


@pytest.mark.parametrize("path", SERVER, ids=str)
def test_nobody_knows_what_is_not_theirs(path: Path) -> None:
    """Bytes know no socket, people know no socket, threads know no database."""
    forbidden = MUST_NOT_KNOW.get(part(dotted(path)), set())
    assert {each.split(".")[0] for each in imports(path)} & forbidden == set()


@pytest.mark.parametrize(
    "path", [each for each in SERVER if part(dotted(each)) in {"stream", "chat", "journal"}], ids=str
)
def test_only_net_starts_threads(path: Path) -> None:
    """Everything else is called by a thread, and knows none."""
    names = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    assert "Thread" not in names
    assert "sleep" not in names


@pytest.mark.parametrize("path", CLIENT, ids=str)
def test_the_client_knows_no_server(path: Path) -> None:
    """It could be another program; so it is a test of the protocol too."""
    assert not {each.split(".")[0] for each in imports(path)} & {
        "chat_server",
        "tests",
        "bench",
        "demo",
        "tools",
    }


def client_part(path: Path) -> str:
    """Return which part of the client a file belongs to."""
    part_ = [*dotted(path).split("."), ""][1]
    return part_ if part_ in CLIENT_MAY_IMPORT else "leaf"


@pytest.mark.parametrize("path", CLIENT, ids=str)
def test_the_client_s_imports_run_one_way(path: Path) -> None:
    """From the protocol to connections to what a person sees to the command."""
    mine = client_part(path)
    found = {
        client_part(Path(*each.split(".")[:2], "x.py"))
        for each in imports(path)
        if each.startswith("chat_client.")
    }
    assert found - {mine, "leaf"} <= CLIENT_MAY_IMPORT[mine]


@pytest.mark.parametrize("path", CLIENT, ids=str)
def test_no_part_of_the_client_knows_what_is_not_its_own(path: Path) -> None:
    """What is pure knows no socket, thread, clock or file; what a person sees knows no socket."""
    pure = CLIENT_MUST_NOT_KNOW["protocol"] - {"prompt_toolkit"} if str(path) in CLIENT_PURE else set[str]()
    forbidden = CLIENT_MUST_NOT_KNOW.get(client_part(path), set()) | pure
    assert {each.split(".")[0] for each in imports(path)} & forbidden == set()


def test_what_is_pure_is_there() -> None:
    """A file that was moved is pure in its new place as well."""
    assert set(map(str, CLIENT)) >= CLIENT_PURE


@pytest.mark.parametrize("path", SERVER, ids=str)
def test_the_server_knows_no_client(path: Path) -> None:
    """Nor any test or tool."""
    assert not {each.split(".")[0] for each in imports(path)} & {
        "chat_client",
        "tests",
        "bench",
        "demo",
        "tools",
    }


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("chat_protocol", "no socket, no thread, no clock"),
        ("stream", "no person, no rule, no socket and no clock"),
        ("chat", "no socket"),
        ("journal", "no member, no socket"),
        ("net", "no rule"),
        ("ops", "its snapshots alone"),
    ],
)
def test_a_package_says_what_it_must_not_know(package: str, words: str) -> None:
    """In the first lines of its docstring."""
    path = Path(package, "__init__.py") if package == "chat_protocol" else PACKAGES[package]
    said = ast.get_docstring(tree(path)) or ""
    assert words in re.sub(r"\s+", " ", said)


@pytest.mark.parametrize("path", [each for each in SERVER if part(dotted(each)) == "net"], ids=str)
def test_only_the_transport_calls_a_connection_s_socket(path: Path) -> None:
    """Beside it only what takes connections knows sockets; a dialect knows no thread either."""
    found = {each.split(".")[0] for each in imports(path)}
    if "dialects" in path.parts:
        assert not found & {"socket", "threading", "select", "time", "chat_client"}
    elif path.name not in {"transport.py", "tls.py", "addresses.py", "listener.py", "entrances.py"}:
        assert "socket" not in found


@pytest.mark.parametrize("path", [*PROTOCOL, *SERVER], ids=str)
def test_one_file_knows_which_dialects_there_are(path: Path) -> None:
    """Everything else is given one."""
    named = {each for each in imports(path) if each.startswith("chat_server.net.dialects.")}
    allowed = path.name == "entrances.py" or "dialects" in path.parts
    assert allowed or not {each for each in named if each.split(".")[3].islower()}


def test_every_package_is_asked() -> None:
    """A new package is named above, or it would be held to nothing."""
    assert set(PACKAGES) <= set(MAY_IMPORT)
    assert set(PACKAGES) == {"stream", "chat", "journal", "store", "net", "ops"}


def logged(path: Path) -> set[str]:
    """Return the events that a file logs."""
    found = set()
    for node in ast.walk(tree(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"debug", "info", "warning", "error", "exception", "critical"}
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"log", "logger"}
        ):
            event = node.args[0]
            assert isinstance(event, ast.Constant), f"{path}:{node.lineno}: the event is no constant"
            found.add(str(event.value))
    return found


def test_every_event_is_in_the_table_and_is_logged() -> None:
    """An operator finds in one place what a log may hold."""
    assert set().union(*map(logged, SERVER)) == set(EVENTS)


EXCEPTIONS = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)|daemon(_threads)?\s*=\s*True")


def unexplained(line: str) -> bool:
    """Tell whether a line makes an exception and does not say why."""
    if not EXCEPTIONS.search(line):
        return False
    comment = line.partition("#")[2]
    said = re.sub(
        r"noqa(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)?|type:\s*ignore(\[[\w, -]+\])?|pragma:[\w ]*", "", comment
    )
    return not re.search(r"\w{2,}", said)


@pytest.mark.parametrize(
    "path",
    [*PROTOCOL, *SERVER, *CLIENT, *modules("tests"), *modules("bench"), *modules("demo"), *modules("tools")],
    ids=str,
)
def test_an_exception_has_its_reason_on_the_same_line(path: Path) -> None:
    """`noqa`, `type: ignore`, `daemon=True`: somebody must have thought of it."""
    if path == Path("tests/test_architecture.py"):
        return  # it quotes what it looks for
    found = [f"{path}:{number}" for number, line in enumerate(lines(path), 1) if unexplained(line)]
    assert found == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = 1", False),
        ("x = 1  # noqa: S101", True),
        ("x = 1  # noqa: S101  # because", False),
        ("x = 1  # noqa: S101, ANN401  because", False),
        ("x = 1  # type: ignore[misc]", True),
        ("x = 1  # type: ignore[misc]  # since it is so", False),
        ("Thread(daemon=True)", True),
        ("Thread(daemon=True)  # it may be cut off anywhere", False),
        ("x = 1  # noqa: S101  # type: ignore[misc]", True),
    ],
)
def test_what_a_reason_is(line: str, *, expected: bool) -> None:
    """The check finds what it is there for."""
    assert unexplained(line) is expected


@pytest.mark.parametrize("path", SERVER, ids=str)
def test_a_lock_says_what_it_guards(path: Path) -> None:
    """On the line above it, or one of the few above that."""
    source = lines(path)
    for number, line in enumerate(source):
        if re.search(r"threading\.Lock\(\)", line):
            above = " ".join(source[max(0, number - 3) : number])
            assert re.search(r"[Gg]uards|[Hh]eld by", above), f"{path}:{number + 1}: what does it guard?"


@pytest.mark.parametrize("path", PROTOCOL + SERVER + CLIENT, ids=str)
def test_every_thread_has_a_name(path: Path) -> None:
    """It stands in the log and in a debugger."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "threading.Thread":
            assert "name" in {each.arg for each in node.keywords}, f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", PROTOCOL + SERVER + CLIENT, ids=str)
def test_files_are_of_a_size_to_be_read(path: Path) -> None:
    """A file that grows beyond this does two things."""
    assert len(lines(path)) <= 350
