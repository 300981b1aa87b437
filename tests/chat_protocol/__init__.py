"""Bytes and messages, without a socket."""
