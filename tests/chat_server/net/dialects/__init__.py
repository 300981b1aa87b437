"""Tests of `chat_server.net.dialects`."""
