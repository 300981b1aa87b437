"""Somebody who talks by a script. Knows no socket."""
