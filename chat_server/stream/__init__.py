"""From stored to handed out: what brings a room's messages to its members, in order.

Knows no person, no rule, no socket and no clock; it starts no thread. A member is here the `Outgoing`
that takes its frames.
"""
