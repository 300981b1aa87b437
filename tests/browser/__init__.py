"""The page in a real browser, against a real server; `make browser` runs these."""
