"""Tests of `chat_server.journal.sqlite`."""
