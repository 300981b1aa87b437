"""What an operator may have to mend: one tree.

What a peer does wrong is in `chat_protocol.errors`.
"""


class OperatorError(Exception):
    """The server cannot run as it was told to; the text says what to do."""


class ConfigError(OperatorError):
    """A setting has an unknown key or a bad value."""


class ListenError(OperatorError):
    """The server cannot listen where it was told to."""


class StorageError(OperatorError):
    """A file of the server's cannot be opened, read or written."""


class JournalError(StorageError):
    """The journal cannot be opened, read or written."""


class StoreError(StorageError):
    """The accounts cannot be opened, read or written."""
