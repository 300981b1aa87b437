"""The tests; each directory mirrors a part of the source."""
