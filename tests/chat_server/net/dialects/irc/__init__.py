"""The dialect of IRC, without a socket and without a room."""
