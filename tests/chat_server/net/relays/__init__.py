"""Tests of `chat_server.net.relays`."""
