"""Who wants to know when somebody of a name comes and goes."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chat_protocol.codec import encode
from chat_protocol.errors import LimitReachedError
from chat_protocol.people_messages import WATCHED_AT_MOST, Offline, Online, Watched
from chat_server.chat import names
from chat_server.chat.identity import Identity
from chat_server.chat.people import EVERYBODY
from chat_server.chat.session import Session
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import push


@dataclass(slots=True)
class _Watch:
    """One name: who is here under it, as far as watchers were told, and who watches, with their spelling."""

    holder: Identity | None = None
    watchers: dict[Session, str] = field(default_factory=dict)


class Watches:
    """The names that are watched.

    1. A session watches `WATCHED_AT_MOST` names at most; the list ends with its connection.
    2. Somebody with several connections comes with the first and goes with the last.
    3. Whoever comes or goes looks up one name, and costs as much as that one has watchers.
    4. What watchers are told is in order, and the last of it is true: whether somebody is here is looked at
       under the lock under which it is told.
    """

    def __init__(self, find: Callable[[str], Identity | None], name_length: int) -> None:
        self._name_length = name_length
        # Finds somebody who is here by the name; asked without the lock, since it may be a round trip.
        self._find = find
        # Guards what follows; outboxes are below it.
        self._lock = threading.Lock()
        self._watches: dict[str, _Watch] = {}
        # By session the keys that it watches.
        self._of: dict[Session, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._watches)

    def watch(self, session: Session, wanted: Sequence[str]) -> None:
        """Have a session told of these names from now on.

        Raises `NameInvalidError`, `LimitReachedError`; none is added then.
        """
        good = [names.user_name(name, self._name_length) for name in wanted]
        added = {names.key(name): name for name in good}
        with self._lock:
            mine = self._of.get(session, {})
            if len({**mine, **added}) > WATCHED_AT_MOST:
                raise LimitReachedError(
                    f"you watch {len(mine)} names, and {WATCHED_AT_MOST} are the most there may be; "
                    "WATCH some with on false"
                )
            for key, name in added.items():
                self._watches.setdefault(key, _Watch()).watchers[session] = name
                self._of.setdefault(session, {})[key] = None
        for key, name in added.items():  # only now: who came before is found, and who comes after tells
            if (found := self._find(name)) is not None:
                self._note_found(session, key, found)

    def unwatch(self, session: Session, unwanted: Sequence[str]) -> None:
        """Have a session told no more of these names; `*` stands for all."""
        if EVERYBODY in unwanted:
            self.clear(session)
            return
        with self._lock:
            self._drop_locked(session, [names.user_key(name) for name in unwanted])

    def clear(self, session: Session) -> None:
        """Have a session told of nobody any more."""
        with self._lock:
            self._drop_locked(session, list(self._of.get(session, ())))

    def state(self, session: Session, wanted: Sequence[str] | None, ref: str | None) -> Watched:
        """Return who of these is here and who is not, of all that are watched if none are given."""
        with self._lock:
            mine = self._of.get(session, {})
            keys = mine if wanted is None else {names.user_key(name): None for name in wanted}
            answer = Watched(ref=ref)
            for key in keys:
                if key in mine:
                    watch = self._watches[key]
                    if watch.holder is not None:
                        answer.online.append(watch.holder.name)
                    else:
                        answer.offline.append(watch.watchers[session])
            return answer

    def came(self, identity: Identity) -> None:
        """Tell those who watch that somebody is here, unless they were told already."""
        with self._lock:
            watch = self._watches.get(names.key(identity.name))
            if watch is None or not identity.sessions:
                return
            was_here, watch.holder = watch.holder is not None, identity
            if not was_here:
                self._tell_locked(watch, Online([identity.name]))

    def went(self, identity: Identity, name: str) -> None:
        """Tell those who watch a name that somebody left it: the chat, or for another one."""
        key = names.key(name)
        with self._lock:
            watch = self._watches.get(key)
            if watch is None or watch.holder is not identity or _is_here(identity, key):
                return
            watch.holder = None
            self._tell_locked(watch, Offline([name]))

    def _note_found(self, session: Session, key: str, found: Identity) -> None:
        """Note who is here under a name, if that is still so; the others who watch it may not know yet."""
        with self._lock:
            watch = self._watches.get(key)
            if watch is not None and watch.holder is None and _is_here(found, key):
                watch.holder = found
                self._tell_locked(watch, Online([found.name]), session)

    def _tell_locked(self, watch: _Watch, told: Online | Offline, but: Session | None = None) -> None:
        frames = Frames(encode(told))
        for session in watch.watchers:
            if session is not but:
                push(session.outbox, frames)

    def _drop_locked(self, session: Session, keys: Sequence[str]) -> None:
        mine = self._of.get(session)
        if mine is None:
            return
        for key in keys:
            if key in mine:
                del mine[key]
                watch = self._watches[key]
                del watch.watchers[session]
                if not watch.watchers:
                    del self._watches[key]
        if not mine:
            del self._of[session]


def _is_here(identity: Identity, key: str) -> bool:
    return bool(identity.sessions) and names.key(identity.name) == key
