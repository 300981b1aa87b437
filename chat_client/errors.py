"""Every exception of the client, in one tree.

`NotSentError`: what the user wanted cannot be sent; the text says why. `SetupError`: the client cannot
run as it was told to; the text says what to do. The others end a connection.
"""


class ClientError(Exception):
    """The root of the tree."""


class NotSentError(ClientError):
    """Nothing was sent."""


class OfflineError(NotSentError):
    """This cannot be kept for later, and there is no connection now."""


class TooLongError(NotSentError):
    """The message is longer than the server takes."""


class PendingFullError(NotSentError):
    """So many messages wait for the server already that no more are taken."""


class RefInUseError(NotSentError):
    """A message with this ref waits already; one answer would settle both."""


class UsageError(NotSentError):
    """A command was typed in a way that it does not understand; the text says how it is."""


class SetupError(ClientError):
    """The client cannot run as it was told to."""


class ScriptError(SetupError):
    """A script has a line that cannot be understood; the text names the file and the line."""


class TranscriptError(SetupError):
    """The file for the messages cannot be used."""


class ConnectionLostError(ClientError):
    """The connection is gone; the text says how."""


class IncompatibleError(ClientError):
    """What answers is no server that this client can talk to."""
