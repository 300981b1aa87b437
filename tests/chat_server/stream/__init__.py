"""Tests of `chat_server.stream`."""
