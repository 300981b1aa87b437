"""The order of one room: publications go on by their ids, in whatever order they come. Pure."""

from chat_server.journal.base import cut
from chat_server.stream.publication import Publication


class Order:
    """Lets each id through once, in order and without a hole.

    1. What is there already is dropped, but for its acknowledgements.
    2. What lies further ahead is held, if it was said here; what others said can be read again, so it is not.
    3. An event comes behind what was held before it.
    """

    __slots__ = ("ahead", "last")

    def __init__(self, last: int) -> None:
        #: The last id that was let through.
        self.last = last
        #: What is held, by its ids; events behind what they came after.
        self.ahead: list[Publication] = []

    @property
    def hole(self) -> tuple[int, int] | None:
        """The first and last id that are missing before what is held; none if nothing is."""
        return (self.last + 1, self.ahead[0].first - 1) if self.ahead else None

    def take(self, publication: Publication) -> list[Publication]:
        """Return what goes on now: this and what was held behind it, or nothing."""
        if publication.count and publication.first > self.last + 1:
            if publication.sender is not None:
                place = sum(each.first < publication.first for each in self.ahead)
                self.ahead.insert(place, publication)
            return []
        if self.ahead and not publication.count:
            publication.first = self.ahead[-1].first  # it stays behind this
            self.ahead.append(publication)
            return []
        return [self._next(publication), *self._released()]

    def skip(self, last: int) -> list[Publication]:
        """Miss the ids up to this one; return what was held behind them."""
        self.last = max(self.last, last)
        return self._released()

    def _released(self) -> list[Publication]:
        released = []
        while self.ahead and (not self.ahead[0].count or self.ahead[0].first <= self.last + 1):
            released.append(self._next(self.ahead.pop(0)))
        return released

    def _next(self, publication: Publication) -> Publication:
        """Let this through, but for what of it is there already."""
        if publication.count:
            if publication.first <= self.last:
                lines = cut(publication.first, publication.frames, self.last, publication.last)
                publication.frames = b"".join(lines)
                publication.first = min(self.last, publication.last) + 1
            self.last = max(self.last, publication.last)
        return publication
