"""How far somebody has read: what is not known is left out."""

import pytest

from chat_protocol.codec import client_decoder, encode
from chat_protocol.errors import BadFieldError
from chat_protocol.reading_messages import Position, PositionsFrame, Read


def test_what_is_not_known_is_left_out() -> None:
    """A guest's positions say how far the rooms go alone."""
    frame = PositionsFrame([Position("tea", 3, 1.5), Position("@", 0), Position("den", 2, 1.0, 1, 0.5)], "p")
    assert encode(frame) == (
        b'{"type":"POSITIONS","rooms":[{"room":"tea","last":3,"ts":1.5},{"room":"@","last":0},'
        b'{"room":"den","last":2,"ts":1.0,"read":1,"read_ts":0.5}],"ref":"p"}\n'
    )


@pytest.mark.parametrize(("id_", "good"), [(0, True), (2**53 - 1, True), (2**53, False), (-1, False)])
def test_an_id_has_bounds(id_: int, *, good: bool) -> None:
    """What every JSON reader holds exactly."""
    (decoded,) = client_decoder(1 << 14).decode(encode(Read(id_)))
    assert isinstance(decoded, BadFieldError) is not good
