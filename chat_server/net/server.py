"""Listen, accept, the registry of connections, the ordered end."""

import contextlib
import itertools
import math
import os
import random
import threading
import time
from collections.abc import Callable

import structlog

from chat_protocol.codec import encode
from chat_protocol.reasons import CloseReason, RejectReason
from chat_protocol.server_messages import Notice
from chat_server.chat.access import Access
from chat_server.chat.bans import told
from chat_server.chat.hub import Hub
from chat_server.chat.removal import dismiss
from chat_server.chat.room import RoomContext
from chat_server.config import Config
from chat_server.errors import StorageError
from chat_server.faults import contained
from chat_server.journal.base import Journal
from chat_server.journal.calendar import Calendar
from chat_server.net.addresses import host_of
from chat_server.net.admission import RETRY_SECONDS, Admission
from chat_server.net.caller import Caller
from chat_server.net.connection import ClientConnection, ConnectionContext
from chat_server.net.dialects import Dialect
from chat_server.net.entrances import entrances
from chat_server.net.flusher import Flusher
from chat_server.net.heartbeat import Heartbeat
from chat_server.net.http.hooks import hook_routes
from chat_server.net.keeper import Deadlines, Keeper
from chat_server.net.linger import TurnedAway
from chat_server.net.listener import Listener, listen
from chat_server.net.outbox import OutboxLimits
from chat_server.net.relays.relays import relays_of
from chat_server.net.settings import access_rules, admission_limits, hub_limits
from chat_server.net.throttle import Rates
from chat_server.net.tls import Certificates
from chat_server.net.totals import Health, Snapshot, Totals
from chat_server.net.transport import DONTWAIT, Transport
from chat_server.net.upkeep import Upkeep
from chat_server.net.worker import Worker
from chat_server.store.base import Store
from chat_server.store.sqlite import SqliteStore
from chat_server.stream.commit import GroupCommit
from chat_server.stream.context import StreamContext
from chat_server.stream.frames import Frames
from chat_server.stream.outgoing import push
from chat_server.values import Endpoint

log = structlog.get_logger()

#: A connection's stack: virtual memory, of which a thread touches a few pages. The decoder's
#: `NESTING_LEVELS` fit it.
STACK_BYTES = 512 * 1024
#: For how many seconds a job of the journal's thread may take: a disk may be slow.
JOURNAL_JOB_SECONDS = 60.0
#: For how many seconds messages keep their own course of time after the system clock has jumped ahead.
DOUBT_SECONDS = 600.0


class Server:
    """The chat server: a thread accepts on each address, and one serves each connection.

    0. Making one reads the certificate, if there is one. Raises `ConfigError`.
    1. `start` returns when connections are taken. Raises `ListenError`.
    2. `stop` takes no more connections, tells everybody, lets what is under way be stored and sent
       within `drain_timeout` seconds, and joins every thread. It may be called once.
    """

    def __init__(
        self,
        config: Config,
        journal: Journal,
        clock: Callable[[], float] = time.monotonic,
        store: Store | None = None,
    ) -> None:
        self.config = config
        self.clock = clock
        self.ready = False
        self.deliverer = Worker("deliverer", clock)
        self.journalist = Worker("journal", clock, JOURNAL_JOB_SECONDS)
        self.flusher = Flusher(clock)
        self.certificates = (
            Certificates(config.tls_cert, config.tls_key, config.tls_client_ca) if config.tls_cert else None
        )
        stream = StreamContext(clock, self.deliverer, os.sched_yield)
        commit = GroupCommit(journal, stream, self._on_journal)
        shared = RoomContext(
            commit, stream, Calendar(DOUBT_SECONDS), config.presence_limit, config.join_history
        )
        access = Access(access_rules(config), store or SqliteStore(None), clock)
        self.hub = Hub(shared, hub_limits(config), access)
        self.admission = Admission(admission_limits(config), clock, access.bans)
        self._turned_away = TurnedAway(clock)
        self.keeper = Keeper(
            Deadlines(config.register_timeout, config.ping_interval, config.ping_timeout),
            clock,
            self.connections,
            (self.flusher.check_ages, self.hub.sweep, self.admission.sweep, self._turned_away.sweep),
        )
        self._context = ConnectionContext(
            self.hub,
            self.flusher,
            OutboxLimits(config.send_queue_bytes, config.send_queue_soft_bytes, config.send_queue_age),
            config.topic_length,
            clock,
            self._forget,
            config.register_timeout,
            self.admission.name,
            self.admission.counted,
            Rates.of(config),
            on_opened=self._count_opened,
            charge=self.admission.charge,
        )
        # The outermost lock: guards _connections and _totals.
        self._lock = threading.Lock()
        self._connections: dict[int, ClientConnection] = {}
        self._totals = Totals()
        self._numbers = itertools.count(1)
        self._listeners: list[Listener] = []
        self._upkeep = Upkeep(self.hub, self.certificates, self.journalist, clock)
        self._watched: list[Heartbeat] = []
        self.relays = relays_of(self.hub, clock)
        self.hub.follow_store(self.relays.refresh)
        access.bans.follow(self._end_banned)

    @property
    def endpoints(self) -> list[Endpoint]:
        """Where it listens, and for what."""
        return [listener.endpoint for listener in self._listeners]

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listeners[0].address[1]

    def start(self) -> None:
        """Listen and serve; leave nothing behind if that fails."""
        try:
            self._listen()
            threading.stack_size(STACK_BYTES)
            self.flusher.start()
            self.deliverer.start()
            self.journalist.start()
            self.journalist(self._upkeep)
            self.keeper.start()
            self.relays.refresh()
            for listener in self._listeners:
                listener.start()
        except BaseException:
            self.hub.stopping = True
            for listener in self._listeners:
                listener.stop()
            self._end_threads()
            raise
        self.ready = True

    def _listen(self) -> None:
        routes = hook_routes(self.hub.hooks, self.admission.counted, self.config.line_bytes, self.clock)
        for entrance in entrances(self.config, self.certificates, routes):
            self._listeners += listen(entrance, self, self.clock)

    def stop(self, reason: str = "told to") -> None:
        """End in order; returns when every thread has ended."""
        log.info("stopping", reason=reason, connections=len(self._connections))
        self.ready = False
        self.hub.stopping = True
        for listener in self._listeners:
            listener.stop()
        deadline = self.clock() + self.config.drain_timeout
        self._dismiss(deadline)
        self._end_threads()
        log.info("stopped")

    def _end_threads(self) -> None:
        self.keeper.stop()
        self._turned_away.close()
        self.journalist.stop()
        self.relays.stop()
        self.deliverer.stop()
        self.flusher.stop()
        with contained("positions"):
            self.hub.people.save()
        self.hub.access.store.close()
        self.hub.shared.commit.journal.close()

    def connections(self) -> list[ClientConnection]:
        """Return the connections there are now."""
        with self._lock:
            return list(self._connections.values())

    def totals(self) -> tuple[int, Totals]:
        """Return how many connections there are, and what all there ever were counted."""
        with self._lock:
            totals = self._totals.copy()
            for connection in self._connections.values():
                totals.add(connection)
            return len(self._connections), totals

    def watch(self, heartbeat: Heartbeat) -> None:
        """Have health look at one more thread."""
        self._watched.append(heartbeat)

    def health(self) -> Health:
        """Return whether every thread that others rely on makes progress, and messages can be stored."""
        workers = (self.deliverer.heartbeat, self.journalist.heartbeat)
        listeners = [listener.heartbeat for listener in self._listeners]
        beats = (self.flusher.heartbeat, self.keeper.heartbeat, *workers, *listeners, *self._watched)
        faults = [fault for beat in beats if (fault := beat.fault()) is not None]
        return Health(self.ready, faults, self.hub.shared.commit.failure, self.admission.draining)

    def snapshot(self) -> Snapshot:
        """Return all that operators are shown."""
        connections, totals = self.totals()
        users, rooms = self.hub.counts()
        absent, absent_bytes = self.hub.registry.absent()
        commit = self.hub.shared.commit
        return Snapshot(
            health=self.health(),
            connections=connections,
            totals=totals,
            deliveries=self.hub.counters(),
            users=users,
            rooms=rooms,
            absent_sessions=absent,
            absent_bytes=absent_bytes,
            evicted_sessions=self.hub.registry.evicted,
            send_queues=self.flusher.sizes(),
            backlog_bytes=commit.backlog,
            commits=commit.commits,
            records=commit.stored,
            logins=self.hub.access.results,
            bans=len(self.hub.access.bans.in_force()),
            acts=self.hub.audit.counts,
            hooks=self.hub.hooks.results,
            relays=self.relays.results,
            certificate_seconds=math.inf
            if self.certificates is None
            else self.certificates.seconds_left(time.time()),
        )

    def serve(self, transport: Transport, peer: str, dialect: Dialect) -> None:
        """Start a connection's thread; called by the accepting thread, so nothing here waits."""
        try:
            connection = ClientConnection(next(self._numbers), peer, transport, dialect, self._context)
            if self.admission.is_proxy(host_of(peer)):
                connection.caller = Caller(peer, proxied=True)
        except MemoryError:
            self._reject(transport, peer, dialect, RejectReason.NO_THREADS)
            return
        host = connection.caller.counted
        if (refusal := self.admission.admit(host)) is not None:
            self._reject(transport, peer, dialect, *refusal)
            return
        with self._lock:
            self._connections[connection.id] = connection
        self._end_if_banned(connection)  # a ban of this moment has not found the connection
        try:
            connection.thread.start()
        except (RuntimeError, MemoryError):
            with self._lock:
                del self._connections[connection.id]
            self.admission.release(host, named=False)
            self._reject(transport, peer, dialect, RejectReason.NO_THREADS)

    def _count_opened(self) -> None:
        with self._lock:
            self._totals.opened += 1

    def no_descriptors(self) -> None:
        """Count that a connection could not even be accepted; called by the accepting thread."""
        with self._lock:
            self._totals.rejected[RejectReason.NO_DESCRIPTORS] += 1

    def _reject(
        self,
        transport: Transport,
        peer: str,
        dialect: Dialect,
        reason: RejectReason,
        after: float | None = RETRY_SECONDS,
    ) -> None:
        with self._lock:
            self._totals.rejected[reason] += 1
        log.warning("rejected", reason=reason, peer=peer)
        with contextlib.suppress(OSError):  # over TLS nothing can be said yet
            again = None if after is None else round(after, 1)
            transport.send(dialect.farewell(reason, again), DONTWAIT)
        self._turned_away.add(transport)

    def _end_banned(self) -> None:
        """End the connections of addresses that are banned."""
        for connection in self.connections():
            self._end_if_banned(connection)

    def _end_if_banned(self, connection: ClientConnection) -> None:
        host = connection.caller.host
        if host is not None and (ban := self.hub.access.bans.of_address(host)) is not None:
            dismiss(connection.outbox, told(ban), CloseReason.BANNED)

    def _forget(self, connection: ClientConnection) -> None:
        # Before it is seen to be gone.
        self.admission.release(connection.caller.counted, named=connection.named)
        with self._lock:
            del self._connections[connection.id]
            self._totals.end(connection)

    def _dismiss(self, deadline: float) -> None:
        """Tell everybody that the server stops, and wait until they are gone or time is up."""
        connections = self.connections()
        spread = 1.0 + len(connections) / 500
        for connection in connections:
            connection.drain = max(0.0, deadline - self.clock())
            again = round(random.uniform(0.5, 0.5 + spread), 2)  # noqa: S311  # jitter, no secret
            connection.send(Notice(CloseReason.SERVER_SHUTDOWN.text, reconnect_after=again))
            connection.end(CloseReason.SERVER_SHUTDOWN)
        for connection in connections:
            connection.thread.join(max(0.0, deadline - self.clock()))
        for connection in self.connections():
            connection.outbox.close()
            connection.thread.join()

    def _on_journal(self, failure: Exception | None) -> None:
        if failure is not None:
            text = str(failure) if isinstance(failure, StorageError) else repr(failure)
            log.error("journal_failed", error=text)
            notice = Notice("messages cannot be stored at the moment; they are not lost, and wait")
        else:
            log.warning("journal_recovered")
            notice = Notice("messages can be stored again")
        for connection in self.connections():
            if connection.conversation.has_session:
                push(connection.outbox, Frames(encode(notice)))
