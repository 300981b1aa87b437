"""Every journal through the same suite."""
