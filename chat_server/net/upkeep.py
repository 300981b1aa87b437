"""What the journal's thread does behind the commits: all that may wait for a disk."""

from collections.abc import Callable

import structlog

from chat_server.chat.hub import Hub
from chat_server.errors import StorageError
from chat_server.faults import contained
from chat_server.net.tls import Certificates
from chat_server.net.worker import Worker

log = structlog.get_logger()

#: Seconds between two looks at the journal, if nothing waits to be done.
UPKEEP_SECONDS = 0.2
#: Seconds between two looks at the files of the certificate.
CERTIFICATE_SECONDS = 5.0
#: Seconds between two looks at the accounts: what is changed in a shell takes effect after so long.
ACCOUNTS_SECONDS = 1.0


class Upkeep:
    """The chores, a short piece of each at a time; whatever one raises, the others are done.

    Only its thread, the worker, uses it.
    """

    def __init__(
        self, hub: Hub, certificates: Certificates | None, worker: Worker, clock: Callable[[], float]
    ) -> None:
        self._hub = hub
        self._certificates = certificates
        self._worker = worker
        self._clock = clock
        self._errors: set[str] = set()
        self._next_certificate_look = self._next_account_look = 0.0

    def __call__(self) -> None:
        """Do a piece of each chore, and have the worker come back later; a job of the journal's thread."""
        commit = self._hub.shared.commit
        errors = set()
        for chore in (
            commit.retry,
            commit.journal.upkeep,
            lambda: commit.maintain(commit.journal.trim),
            self._check_certificates,
            self._check_accounts,
            self._hub.access.bans.save,
            self._hub.audit.save,
            self._hub.forget_gone,
        ):
            try:
                chore()
            except StorageError as error:
                errors.add(str(error))
            except Exception as error:  # noqa: BLE001  # it is tried again, as the others are
                errors.add(repr(error))
        for text in errors - self._errors:  # told once, not at each try
            with contained("log"):
                log.warning("upkeep_failed", error=text)
        self._errors = errors
        if not self._hub.stopping:
            hurry = commit.journal.behind and not errors
            self._worker(self, 0.0 if hurry else UPKEEP_SECONDS)

    def _check_certificates(self) -> None:
        """Look whether there is a new certificate: not in the keeper's thread, since a disk may hang."""
        if self._certificates is not None and self._clock() >= self._next_certificate_look:
            self._next_certificate_look = self._clock() + CERTIFICATE_SECONDS
            self._certificates.check()

    def _check_accounts(self) -> None:
        """Store what accounts have read, and look whether a shell has changed one. Raises `StoreError`."""
        if self._clock() >= self._next_account_look:
            self._next_account_look = self._clock() + ACCOUNTS_SECONDS
            self._hub.follow_accounts()
