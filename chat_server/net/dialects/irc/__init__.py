"""IRC as its clients speak it: lines in, native messages out, and back. Knows no socket and no room."""
