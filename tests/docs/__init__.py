"""What the documents say agrees with the code."""
