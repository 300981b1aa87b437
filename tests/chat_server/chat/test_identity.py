"""Who somebody is."""

from chat_server.chat.identity import Identity
from tests.support.world import World


def test_two_of_one_name_are_two() -> None:
    """A name may go to somebody else later; whoever had it is still another."""
    assert Identity("1", "ann") != Identity("1", "ann")


def test_an_identity_outlives_the_connection() -> None:
    """Name and inbox are there when its session comes back."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    identity = bob.session.identity
    bob.hang_up()
    again = world.client("ann2")
    assert again.session.identity is not identity
    assert world.hub.registry.claim(bob.session.id) is bob.session
    assert (bob.session.identity, identity.name) == (identity, "bob")
    assert ann.session.identity.name == "ann"
