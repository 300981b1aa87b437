"""What a room hands out is made once for each dialect that somebody there speaks."""

from chat_protocol.messages import Msg
from chat_server.stream.frames import Frames
from tests.support.world import RecordingOutbox, World


def test_nothing_is_made_that_nobody_asks_for() -> None:
    """JSON lines are there already."""
    assert Frames(b"x").made is None


def test_each_dialect_is_made_once() -> None:
    """When the first asks; for all who speak it the same bytes."""
    made: list[bytes] = []

    def loud(lines: bytes) -> bytes:
        made.append(lines)
        return lines.upper()

    frames = Frames(b"hi")
    first, second = frames.rendered(loud), frames.rendered(loud)
    assert first is second
    assert (first, frames.rendered(bytes.title), made, frames.lines) == (b"HI", b"Hi", [b"hi"], b"hi")


class Foreigner(RecordingOutbox):
    """Somebody who speaks another dialect."""

    def push(self, frames: Frames, *, droppable: bool = False) -> int:
        """Keep what was made of the frames."""
        lines = frames.rendered(shouted)
        assert isinstance(lines, bytes)
        return super().push(Frames(lines), droppable=droppable)


rendered: list[bytes] = []


def shouted(lines: bytes) -> bytes:
    """Return the lines in capitals."""
    rendered.append(lines)
    return lines.upper()


def test_a_pass_is_made_once_for_all_who_speak_a_dialect() -> None:
    """However many they are; those who speak JSON get what is stored."""
    world = World()
    ann, bob = world.clients("ann", "bob")
    delivery = ann.conversation.room("lobby").delivery
    others = [Foreigner() for _ in range(3)]
    for other in others:
        assert delivery.enter(other, delivery.taken)
    rendered.clear()
    ann.send(Msg("hello", ref="1"))
    assert len(rendered) == 1
    assert len({id(other.pushed[0]) for other in others}) == 1
    assert [other.pushed for other in others] == [[bob.outbox.pushed[0].upper()]] * 3
