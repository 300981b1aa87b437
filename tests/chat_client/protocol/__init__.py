"""Tests of `chat_client.protocol`."""
