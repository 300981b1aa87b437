"""What happens before the server welcomes us."""

import pytest

from chat_client.protocol.admission import EARLY_MESSAGES, Admission
from chat_client.protocol.events import NameRefused
from chat_protocol.server_messages import ErrorFrame, Notice
from tests.support.fake_server import entered, request, said, welcome


@pytest.mark.parametrize("code", ["bad_field", "room_invalid", "line_too_long", "what_is_to_come"])
def test_a_refusal_that_lasts(code: str) -> None:
    """Who is new has nothing to leave out; asking again would change nothing."""
    admission = Admission()
    admission.refused(ErrorFrame(code=code, text="no"), "dave", back=False)
    assert (admission.turned_away, admission.for_good) == ("no", True)


@pytest.mark.parametrize("code", ["unavailable", "limit_reached"])
def test_a_refusal_that_passes(code: str) -> None:
    """A server that is full or cannot store may be asked again, as often as one likes."""
    admission = Admission()
    for back in (False, True, True):
        admission.refused(ErrorFrame(code=code, text="no"), "dave", back=back)
        assert not admission.for_good


def test_without_rooms_a_server_is_asked_once_more() -> None:
    """Perhaps it was only the rooms that it did not like. Once in, they are named again."""
    admission = Admission()
    assert admission.names_rooms
    admission.refused(ErrorFrame(code="room_invalid", text="no"), "dave", back=True)
    assert (admission.for_good, admission.names_rooms) == (False, False)
    admission.connecting()
    assert (admission.turned_away, admission.names_rooms) == (None, False)
    admission.refused(ErrorFrame(code="room_invalid", text="no"), "dave", back=True)
    assert admission.for_good
    admission.welcomed()
    assert admission.names_rooms


def test_what_comes_early_waits() -> None:
    """What belongs to a room or a person comes after the WELCOME, what belongs to the connection does not."""
    admission = Admission()
    early = [message for message in (entered(), said(1)) if admission.is_early(message)]
    assert not any(map(admission.is_early, (request(), welcome(), Notice(text="x"))))
    assert admission.welcomed() == early == [entered(), said(1)]
    assert admission.welcomed() == []


def test_what_waits_is_bounded() -> None:
    """A server that never welcomes anybody does not fill the memory, and the next connection begins anew."""
    admission = Admission()
    assert [admission.is_early(said(1)) for _ in range(EARLY_MESSAGES + 1)] == [True] * EARLY_MESSAGES + [
        False
    ]
    admission.connecting()
    assert admission.welcomed() == []


@pytest.mark.parametrize("code", ["name_taken", "name_invalid"])
def test_what_another_name_may_get_past(code: str) -> None:
    """Is told as that, and nothing is given up for it."""
    admission = Admission()
    assert admission.refused(ErrorFrame(code, "no"), "dave", back=False) == NameRefused("dave", code, "no")
    assert (admission.turned_away, admission.for_good) == (None, False)
