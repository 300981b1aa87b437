"""The contract that server and client share. Pure: knows no socket, no thread, no clock and no log."""
