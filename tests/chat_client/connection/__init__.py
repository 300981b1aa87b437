"""Tests of `chat_client.connection`."""
