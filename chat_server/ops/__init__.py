"""What operators see: metrics and health, over HTTP. Knows the server by its snapshots alone."""
