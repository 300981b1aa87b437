"""The journal in an SQLite file, and what looks after that file."""
