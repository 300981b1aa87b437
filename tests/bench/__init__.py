"""The benchmark: its arithmetic, its reports, and that its checks really fail when they should."""
