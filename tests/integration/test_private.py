"""deploy/private.yml: the demo with TLS, accounts and an operator."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.docs.page import section
from tests.integration.conftest import ROOT, new_stack
from tests.integration.private import FILES, OPERATOR, Private, configured, entered, private_stack
from tests.integration.stack import START_SECONDS, Stack
from tests.integration.terminal import Terminal

pytestmark = pytest.mark.integration

PERSONAS = ("alice", "bob", "carol")
PASSWORD = "correct horse battery"  # noqa: S105  # of an account that this test makes


@pytest.fixture(scope="module")
def private(image: str) -> Iterator[Private]:
    """Run the demo with TLS and accounts, for the tests that leave it as it was."""
    assert image
    with private_stack() as private:
        yield private


def says(
    private: Private, *arguments: str, text: str = "hello", environment: tuple[str, ...] = ()
) -> tuple[int, str]:
    """Have `docker compose run` say one line as a client; return its status and what it printed."""
    stack = Stack(private.stack.root, (*private.stack.environment, *environment))
    done = stack.run("run", "--rm", "-T", *arguments, stdin=f"{text}\n".encode())
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def test_everybody_is_healthy_and_talks_over_tls(private: Private) -> None:
    """The personas logged in: what each says comes from an account. A second `up` makes nothing anew."""
    assert set(private.stack.containers()) == {"server", "prometheus", *PERSONAS}
    before = private.stack.containers()
    private.stack.starts("up", "-d", "--wait")
    assert private.stack.containers() == before
    with private.stranger() as listener:
        listener.register("listener")
        silent = set(PERSONAS)
        while silent:
            said = listener.until("MSG", START_SECONDS)
            assert said["account"]
            silent.discard(said["from"])


def test_without_tls_nobody_gets_in(private: Private) -> None:
    """The published port takes no plain line; a plain client is told why."""
    plain = ("-e", "CHAT_CLIENT_TLS_CA=", "client", "--name", "dave", "--wait", "0", "--retry", "0")
    status, told = says(private, *plain)
    assert (status, "this port speaks TLS" in told) == (1, True), told


def test_the_client_checks_the_certificate(private: Private) -> None:
    """A client that trusts the system's CAs alone does not talk to this server."""
    plain = ("-e", "CHAT_CLIENT_TLS_CA=", "-e", "CHAT_CLIENT_TLS=1")
    status, told = says(private, *plain, "client", "--name", "dave")
    assert (status, "not to be trusted" in told) == (1, True), told


def test_a_guest_takes_part_and_is_shown_as_one(private: Private) -> None:
    """`docker compose run --rm client --name gus` works as before, but for the mark."""
    with private.stranger() as witness:
        witness.register("witness")
        status, told = says(private, "client", "--name", "gus", text="hello from gus")
        assert status == 0, told
        assert "account" not in witness.hear("hello from gus")


def test_an_account_is_made_in_the_container_and_logs_in(private: Private) -> None:
    """`user add` in the read-only server, then a password from the environment; a wrong one is refused."""
    password = private.add("dave")
    with private.stranger() as witness:
        witness.register("witness2")
        right = (f"CHAT_CLIENT_PASSWORD={password}",)
        status, told = says(private, "client", "--name", "dave", text="hello from dave", environment=right)
        assert status == 0, told
        assert witness.hear("hello from dave")["account"]
    status, told = says(private, "client", "--name", "dave", environment=("CHAT_CLIENT_PASSWORD=wrong",))
    assert (status, "wrong name or password" in told) == (6, True), told
    listed = private.stack.run("exec", "-T", "server", "chat-server", "user", "list").stdout.decode()
    assert {line.split()[0] for line in listed.splitlines()} >= {"dave", OPERATOR, *PERSONAS}


def test_the_operator_comes_in_without_typing_a_password(private: Private) -> None:
    """`docker compose run --rm operator` is the operator, whose password is in no one else's container."""
    with private.stranger() as witness:
        witness.register("witness3")
        status, told = says(private, OPERATOR, text="hello from the operator")
        assert status == 0, told
        assert witness.hear("hello from the operator")["from"] == OPERATOR
    for service in ("server", *PERSONAS):
        seen = private.stack.run("exec", "-T", service, "sh", "-c", "ls /private/operator/*")
        assert seen.returncode != 0, service


def test_every_service_is_confined() -> None:
    """What the override adds has a read-only root, no capabilities, limits, and no secret in its settings."""
    for name, service in configured().items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        environment = service.get("environment") or {}
        assert isinstance(environment, dict)
        secret = {key for key, value in environment.items() if re.search("PASSWORD$|TOKEN$", key) and value}
        assert not secret, name


def test_guests_come_in_only_if_that_is_asked_for() -> None:
    """The demo lets them in; a server of one's own does not, nor does one without settings."""

    def guests(*settings: str) -> object:
        environment = configured(*settings)["server"]["environment"]
        assert isinstance(environment, dict)
        return environment["CHAT_GUESTS"]

    assert guests() == "on"
    assert guests("COMPOSE_ENV_FILES=deploy/production.env") == "off"
    assert guests("COMPOSE_ENV_FILES=/dev/null") == "off"


def test_the_readme_s_five_commands_make_a_private_server(image: str) -> None:
    """Typed as they stand: a server with TLS and three accounts, where nobody else gets in."""
    assert image
    page = section("README.md", "A private server in five commands")
    settings, up, *adds = re.findall(r"^    (.*)$", page, re.MULTILINE)[:5]
    variables = settings.removeprefix("export ").split()
    with new_stack(*variables) as stack:
        done = subprocess.run(  # noqa: S603  # what the page says
            ["env", *stack.environment, *up.split()],  # noqa: S607  # likewise
            cwd=ROOT,
            capture_output=True,
            timeout=2 * START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        for add in adds:
            type_password(stack, add)
        private = entered(stack)
        for add in adds:
            private.member(add.split()[-1], PASSWORD).close()
        with private.stranger() as stranger:
            stranger.until("REG_NAME")
            assert stranger.refused("REG_NAME", name="mallory")["code"] == "auth_required"
        assert set(stack.containers()) == {"server", "prometheus"}


def type_password(stack: Stack, command: str) -> None:
    """Run a command at a terminal, which asks for a password twice."""
    with Terminal(["env", *stack.environment, *command.split()], ROOT) as terminal:
        terminal.shows("password for", 20)
        terminal.types(f"{PASSWORD}\r")
        terminal.shows("once more", 20)
        terminal.types(f"{PASSWORD}\r")
        assert terminal.status(30) == 0


def test_a_certificate_is_kept_made_anew_or_left_alone(image: str) -> None:
    """A start keeps a young one, makes an old one anew, and leaves one alone that somebody put there."""
    assert image
    with new_stack(FILES) as stack:

        def start(before: str) -> str:
            script = f"cd /private/server; {before}; sh /setup/setup.sh server; sha256sum cert.pem"
            done = stack.run("run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", "setup", "-ec", script)
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout.decode().splitlines()[-1].split()[0]

        first = start("true")
        assert start("true") == first
        renewed = start("touch -d '-61 days' cert.pem")
        assert renewed != first
        own = start("echo >>cert.pem; touch -d '-61 days' cert.pem")
        assert own not in {first, renewed}
        assert start("true") == own
