"""People and rooms. Knows locks; knows no socket and starts no thread.

Locks, outermost first: hub, room, outbox; each is taken only downward. The commit and delivery locks
are only ever tried. Nothing waits for a peer under any lock.
"""
