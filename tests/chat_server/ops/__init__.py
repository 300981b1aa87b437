"""Tests of `chat_server.ops`."""
