"""Tests of `chat_client.bot`."""
