"""What proves who one is."""

from chat_client.protocol.credentials import NOTHING, Credentials
from chat_protocol.messages import RegName

PASSWORD = "correct horse"  # noqa: S105  # a test's


def test_nothing_adds_nothing() -> None:
    """Whoever has a name alone says no more than that."""
    request = RegName("dave", session="s1")
    assert NOTHING.added_to(request) is request


def test_an_account_is_made_once() -> None:
    """The password goes along each time, since a server that was started anew asks for it again."""
    credentials = Credentials(PASSWORD, invitation="i1", register=True)
    request = RegName("dave", after={"lobby": 1})
    assert credentials.added_to(request) == RegName(
        "dave", after={"lobby": 1}, password=PASSWORD, invitation="i1", register=True
    )
    assert credentials.used() == Credentials(PASSWORD)


def test_no_secret_is_shown_by_accident() -> None:
    """Neither in a log nor in the trace of a fault."""
    shown = repr(Credentials("one", "two", "three"))
    assert not [each for each in ("one", "two", "three") if each in shown]
