"""What operators see and do: metrics and health over HTTP, a shell over a Unix socket.

Metrics and health know the server by its snapshots alone.
"""
