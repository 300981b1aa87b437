"""People and rooms. Knows locks; knows no socket and starts no thread.

Locks, outermost first: hub and registry, room, outbox; each is taken only downward. Nothing waits for a
peer under any lock.
"""
