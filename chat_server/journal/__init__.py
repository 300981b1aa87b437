"""The ordered record of each room: it gives a room's messages their order, and is what history reads.

Knows no member, no socket and no thread. What anyone is shown is stored here first.
"""
