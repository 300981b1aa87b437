"""What can go wrong with a benchmark, in words that say what to do next."""


class BenchError(Exception):
    """The benchmark cannot go on."""


class RunFailedError(BenchError):
    """One run came to no result: it is reported, and the others go on."""
