"""The server; each directory mirrors one of its packages."""
