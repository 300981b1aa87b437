"""Why connections end or are turned away: closed lists, for BYE, LEFT, the log and the metrics."""

from enum import StrEnum
from typing import Self


class _Reason(StrEnum):
    """A reason and its sentence for the person at the other end."""

    text: str

    def __new__(cls, value: str, text: str) -> Self:
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.text = text
        return reason


class CloseReason(_Reason):
    """Why a connection ends."""

    EXIT = "exit", "goodbye"
    PEER_CLOSED = "peer_closed", "you closed the connection"
    PEER_RESET = "peer_reset", "the connection broke"
    REGISTER_TIMEOUT = "register_timeout", "no name in time; connect again and send REG_NAME"
    PING_TIMEOUT = "ping_timeout", "no answer to PING"
    SLOW_CONSUMER = "slow_consumer", "too far behind with reading; connect again and resume"
    BAD_LINES = "bad_lines", "too many bad lines in a row; send one JSON object a line"
    LINE_TOO_LONG = "line_too_long", "a line without an end"
    BAD_FRAMES = "bad_frames", "what you sent is no text of a WebSocket; send JSON lines in text frames"
    FLOODING = "flooding", "you sent much faster than the server takes it; connect again later, and go slower"
    HTTP_REQUEST = (
        "http_request",
        "this is the chat's port; browsers have a port of their own, and so have metrics and health",
    )
    TLS_HELLO = "tls_hello", "this port speaks no TLS; connect without it"
    TLS_EXPECTED = "tls_expected", "this port speaks TLS; connect with it (chat-client --tls)"
    TLS_FAILED = "tls_failed", "the TLS handshake failed"
    PROXY_UNEXPECTED = (
        "proxy_unexpected",
        "you are no proxy of this server; connect without a PROXY header, or have its operator name you",
    )
    PROXY_FAILED = (
        "proxy_failed",
        "the proxy before this server did not say where you come from; its operator can mend that",
    )
    HTTP_DONE = "http_done", "your requests are answered; connect again for more"
    SESSION_REPLACED = "session_replaced", "this session was resumed by another connection"
    NAME_RESERVED = "name_reserved", "this name is somebody's own now; connect again under another"
    LOGGED_OUT = "logged_out", "your account was changed; log in again"
    KICKED = "kicked", "you were removed from this chat by whoever runs it"
    BANNED = "banned", "you are banned from this chat"
    SERVER_SHUTDOWN = "server_shutdown", "the server is stopping"
    INTERNAL_ERROR = "internal_error", "the server failed; connect again and resume"


class RejectReason(_Reason):
    """Why a connection is turned away before anything is read of it."""

    SERVER_FULL = "server_full", "the server is full; try again later"
    ADDRESS_FULL = "address_full", "too many connections from your address; close one, then try again"
    ADDRESS_RATE = "address_rate", "too many new connections from your address; try again later"
    ADDRESS_BANNED = "address_banned", "your address is banned from this chat"
    DRAINING = "draining", "the server takes nobody new at the moment; try again later"
    TOO_MANY_NAMELESS = "too_many_nameless", "too many connections without a name; try again later"
    NO_THREADS = "no_threads", "the server cannot start another thread; try again later"
    NO_DESCRIPTORS = "no_descriptors", "the server has no file descriptors left"
