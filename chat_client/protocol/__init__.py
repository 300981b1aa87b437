"""The client's side of the conversation. Pure: knows no socket, no thread, no clock and no terminal."""
