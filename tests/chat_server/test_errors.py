"""What an operator may have to mend: one tree, apart from what a peer does wrong."""

import pytest

from chat_protocol.errors import PeerError
from chat_server import errors
from chat_server.errors import OperatorError

ALL = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]


@pytest.mark.parametrize("kind", ALL)
def test_one_family(kind: type[Exception]) -> None:
    """None of them is answered to a peer, and each says in its docstring when it is raised."""
    assert issubclass(kind, OperatorError)
    assert not issubclass(kind, PeerError)
    assert (kind.__doc__ or "").strip().endswith(".")
