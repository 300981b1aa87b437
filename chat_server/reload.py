"""What is read again while the server runs: the log's level and format, the certificate."""

import threading
from collections.abc import Callable, Sequence

import structlog

from chat_server import log
from chat_server.config import Config
from chat_server.errors import ConfigError
from chat_server.net.server import Server

logger = structlog.get_logger()


class Reload:
    """Reads the settings again, on SIGHUP or for an operator's shell.

    `servers` is empty until one is started.
    """

    def __init__(self, load: Callable[[], Config], servers: Sequence[Server]) -> None:
        self._load = load
        self._servers = servers
        # Held by whoever reads the settings: one thread at a time sets the log up.
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """Take over what can be changed; return what is in force, or why nothing was changed."""
        with self._lock:
            for server in self._servers:
                if server.certificates is not None:
                    server.certificates.reload()
            try:
                settings = self._load()
            except ConfigError as error:
                logger.warning("reload_failed", error=str(error))
                return f"the settings could not be read, and those of before stay in force: {error}"
            log.configure(settings.log_level, settings.log_format)
            logger.info("reloaded", log_level=settings.log_level, log_format=settings.log_format)
            return f"read again: log level {settings.log_level}, log format {settings.log_format}"
