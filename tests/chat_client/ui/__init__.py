"""Tests of `chat_client.ui`."""
