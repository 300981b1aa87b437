"""Tests of `chat_server.store`."""
