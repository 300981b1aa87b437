"""A multi-user chat server over TCP, a thread for each connection.

Imports run one way, `chat_protocol <- journal <- stream <- chat <- net <- ops <- cli`;
`tests/test_architecture.py` checks it.
"""

__version__ = "0.1.0"
