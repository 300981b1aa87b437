"""Why connections end or are turned away: closed lists, for BYE, LEFT, the log and the metrics."""

#: Reason -> what its BYE says.
CLOSE_REASONS = {
    "exit": "goodbye",
    "peer_closed": "you closed the connection",
    "peer_reset": "the connection broke",
    "register_timeout": "no name in time; connect again and send REG_NAME",
    "ping_timeout": "no answer to PING",
    "slow_consumer": "too far behind with reading; connect again and resume",
    "bad_lines": "too many bad lines in a row; send one JSON object a line",
    "line_too_long": "a line without an end",
    "http_request": "this is the chat's port; metrics and health are on the metrics port, over HTTP",
    "tls_hello": "this port speaks no TLS; connect without it",
    "session_replaced": "this session was resumed by another connection",
    "server_shutdown": "the server is stopping",
    "internal_error": "the server failed; connect again and resume",
}
REJECT_REASONS = {
    "server_full": "the server is full; try again later",
    "no_threads": "the server cannot start another thread; try again later",
    "no_descriptors": "the server has no file descriptors left",
}
