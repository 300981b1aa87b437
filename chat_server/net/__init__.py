"""Threads and sockets: listening, reading, sending. Decides no rule of the chat."""
