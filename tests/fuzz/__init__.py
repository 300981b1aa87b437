"""Any bytes at what reads bytes: for a moment in each run of the tests, for longer with `make fuzz`."""
