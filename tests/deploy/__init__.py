"""The programs in deploy/."""
