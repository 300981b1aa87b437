"""Bytes <-> messages. Pure: knows no socket, no thread, no clock and no log."""
