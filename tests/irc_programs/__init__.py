"""Real IRC clients, as Debian ships them, in the same rooms as a client of this project's own protocol."""
