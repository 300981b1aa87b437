"""People and rooms, without a socket; threads only where a race is replayed."""
